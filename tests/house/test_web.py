"""The page keeps its own rules: two languages with the same words, nothing inline, nothing from elsewhere."""

import base64
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "serving" / "web"
WORDS = {language: json.loads((WEB / f"words/{language}.json").read_text()) for language in ("id", "en")}
MODULES = [*WEB.glob("*.js"), *WEB.glob("elements/*.js")]
PAGE = (WEB / "index.html").read_text()
SOURCE = PAGE + "".join(module.read_text() for module in MODULES)
PLACE = re.compile(r"\{(\w+)\}")
LONGEST = 300


def written_keys():
    """Keys that stand in the source whole, and the beginnings of those that it puts together."""
    quoted = set(re.findall(r"""["'`]([\w-]+(?:\.[\w-]+)*)["'`]""", SOURCE))
    begun = set(re.findall(r"`([\w-]+\.)\$\{", SOURCE))
    return quoted, begun


def test_both_languages_say_the_same_things():
    """Indonesian and English have the same keys, with the same places to fill, and no empty sentence."""
    indonesian, english = WORDS["id"], WORDS["en"]
    assert list(indonesian) == list(english)
    for key, sentence in indonesian.items():
        assert sentence.strip()
        assert english[key].strip()
        assert set(PLACE.findall(sentence)) == set(PLACE.findall(english[key])), key


def test_no_word_is_unused():
    """Each key is written in the page's source, whole or by its beginning."""
    quoted, begun = written_keys()
    families = tuple(begun)
    assert [key for key in WORDS["id"] if key not in quoted and not key.startswith(families)] == []


def test_no_word_is_missing():
    """Each key that the source asks for is there, and each family of keys has members."""
    asked = set(re.findall(r"""word\(\s*["']([\w.-]+)["']""", SOURCE))
    asked |= set(re.findall(r'data-word="([\w.-]+)"', PAGE))
    assert sorted(asked - set(WORDS["id"])) == []
    _, begun = written_keys()
    assert [family for family in begun if not any(key.startswith(family) for key in WORDS["id"])] == []


def test_nothing_is_inline():
    """The page holds no inline script, style or handler, so its policy needs no exception for them."""
    assert "unsafe-inline" not in PAGE
    assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", PAGE) == []
    assert "innerHTML" not in SOURCE


def test_nothing_comes_from_elsewhere():
    """Only the SVG namespace is an address of another host."""
    ours = [*MODULES, WEB / "index.html", *WEB.glob("*.css"), WEB / "favicon.svg"]
    addresses = {found for path in ours for found in re.findall(r"https?://[\w./-]+", path.read_text())}
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_the_charts_style_is_the_one_that_the_policy_allows():
    """Plot writes one style element into a chart; the page allows exactly that text, by its hash."""
    bundle = next(WEB.glob("vendor/observable-plot-*.js")).read_text()
    written = r'append\("style"\)\.text\(`(:where\(\.\$\{(\w+)\}\) \{\n  --plot.*?)`\)'
    template = re.search(written, bundle, re.DOTALL)
    assert template
    text = template.group(1).replace(f"${{{template.group(2)}}}", "plot")
    assert f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'" in PAGE


def test_what_others_wrote_carries_its_version_and_licence():
    """The bundle's name says its version, the licence stands beside it, and the page loads that very file."""
    (bundle,) = WEB.glob("vendor/observable-plot-*.js")
    assert re.fullmatch(r"observable-plot-\d+\.\d+\.\d+\.js", bundle.name)
    assert "ISC" in bundle.with_suffix(".LICENSE.txt").read_text()
    assert f"vendor/{bundle.name}" in PAGE
    assert f'"./vendor/{bundle.name}"' in SOURCE


def test_each_element_of_the_page_is_defined():
    """Every element that the page uses is defined by a file of that name, and none is left over."""
    used = set(re.findall(r"<(\w+-[\w-]+)", PAGE)) | set(re.findall(r'html\("(\w+-[\w-]+)"', SOURCE))
    defined = set(re.findall(r'customElements\.define\("([\w-]+)"', SOURCE))
    assert used == defined
    for name in defined:
        assert f'define("{name}"' in (WEB / f"elements/{name}.js").read_text()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_a_module_says_what_it_is_for(module):
    """Each module opens with a sentence and can be read in one sitting."""
    text = module.read_text()
    assert text.startswith("/** ")
    assert len(text.splitlines()) < LONGEST

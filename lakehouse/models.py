"""The detector weights that the lake knows, by their sha256."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.problem import BadWeights
from lakehouse.tables import TABLES

if TYPE_CHECKING:
    from lakehouse.store import Lake

_ID_DIGITS, _SHA256_DIGITS = 12, 64


def register(lake: "Lake", card: Mapping[str, Any], sha256: str) -> str:
    """Note the weights of this sha256 with their card, once; returns their model_id.

    Raises:
        BadWeights: the sha256 is none.
    """
    if len(sha256) != _SHA256_DIGITS or set(sha256) - set("0123456789abcdef"):
        raise BadWeights(sha256, "a sha256 has 64 hexadecimal digits", "name the weights by their own sha256")
    model_id = sha256[:_ID_DIGITS]
    if not lake.read("models", where=pc.field("model_id") == model_id).num_rows:
        row = {
            "model_id": model_id,
            "sha256": sha256,
            "name": str(card.get("name", model_id)),
            "card": json.dumps(card, sort_keys=True),
            "at": lake.now(),
        }
        lake.append("models", pa.Table.from_pylist([row], schema=TABLES["models"].schema))
    return model_id

"""What a client is given to hand back: a model as short text, believed only as far as the model goes."""

import base64
import zlib
from typing import TypeVar

from pydantic import BaseModel

from lakehouse.problem import BadCursor

MOST_BYTES = 2**20
"""A token never unfolds to more."""

Model = TypeVar("Model", bound=BaseModel)


def sealed(model: BaseModel) -> str:
    """`model` as text, short enough for a header and fit for a query."""
    packed = zlib.compress(model.model_dump_json().encode())
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unsealed(kind: type[Model], text: str) -> Model:
    """The model that a token was made of.

    Raises:
        BadCursor: it was never one, or says what such a model cannot hold.
    """
    try:
        packed = base64.urlsafe_b64decode(text + "==")
        return kind.model_validate_json(zlib.decompressobj().decompress(packed, MOST_BYTES))
    except (ValueError, zlib.error) as error:
        raise BadCursor(text, "this API did not give it out", "start again without it") from error

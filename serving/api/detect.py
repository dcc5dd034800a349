"""What a picture shows: POST /v1/detect."""

from typing import Annotated, cast

import numpy as np
from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from lakehouse.problem import BadImage, NoDetector
from serving.api.manners import problems
from serving.api.wire.turns import Turns
from serving.seeing.detectors import Detector
from serving.seeing.pictures import decode, size

router = APIRouter()

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {"schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"image/jpeg": _BINARY, "image/png": _BINARY, "multipart/form-data": _FORM},
    }
}


class FoundOut(BaseModel):
    """One thing; `box` is x1, y1, x2, y2 in pixels of the picture."""

    label: str = Field(description="what it is, such as person or motorcycle")
    confidence: float = Field(description="how sure the model is, 0 to 1")
    box: tuple[float, float, float, float] = Field(description="x1, y1, x2, y2 in pixels from the upper left")


class DetectionsOut(BaseModel):
    """What was found in a picture of `width` x `height` pixels, and by which weights."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "3f1b6c0a9d42",
                    "width": 640,
                    "height": 360,
                    "items": [{"label": "person", "confidence": 0.91, "box": [101.5, 88.0, 133.0, 190.5]}],
                }
            ]
        }
    )

    model: str = Field(description="the id of the weights")
    width: int = Field(description="of the picture, in pixels")
    height: int = Field(description="of the picture, in pixels")
    items: list[FoundOut] = Field(description="one for each thing found")


async def _detector(request: Request) -> Detector:
    detector = request.app.state.detector
    if detector is None:
        raise NoDetector(None, "this server was started without one", "start it with a detector")
    return cast(Detector, detector)


async def _picture(request: Request) -> bytes:
    """The bytes of the picture: the body itself, or the file `file` of a form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await request.body()
    async with request.form(max_files=1, max_fields=0) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadImage(sorted(form), "the form has no file called 'file'", "send the picture as 'file'")
        return await file.read()


def _found(detector: Detector, image: NDArray[np.uint8], whole: tuple[int, int]) -> DetectionsOut:
    """What is found in a picture, which may be smaller than the `whole` one, in pixels of that."""
    (found,) = detector.detect([image])
    width, height = whole
    scale = np.array([width / image.shape[1], height / image.shape[0]] * 2)
    items = [
        FoundOut(
            label=str(label), confidence=round(float(sure), 3), box=tuple(np.round(box * scale, 1).tolist())
        )
        for label, sure, box in zip(found.labels, found.confidences, found.boxes, strict=True)
    ]
    return DetectionsOut(model=detector.model_id, width=width, height=height, items=items)


@router.post("/v1/detect", openapi_extra=_BODY, responses=problems.also(408, 413, 503))
async def detect(request: Request, detector: Annotated[Detector, Depends(_detector)]) -> DetectionsOut:
    """The people and vehicles in a JPEG or PNG, sent as the body or as a form's file `file`."""
    pictures: Turns = request.app.state.pictures
    # A place is taken before the body is read: pictures in line fill the memory too.
    async with pictures.place():
        picture = await _picture(request)
        async with pictures.turn():
            return await run_in_threadpool(lambda: _found(detector, decode(picture), size(picture)))

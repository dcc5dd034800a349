"""How boxes move is stored with them."""

import pyarrow as pa

from lakehouse.upgrades.changes import AddColumns

CHANGES = (
    AddColumns(
        "observations",
        pa.schema(
            [
                pa.field("vx", pa.int16(), metadata={"about": "1/8192 of the frame's width a second"}),
                pa.field("vy", pa.int16(), metadata={"about": "1/8192 of the frame's height a second"}),
            ]
        ),
    ),
)

"""The 24 sites of the synthetic city: real places, with made-up cameras and made-up life."""

from dataclasses import dataclass

from lakehouse.city.cameras import Calibration
from lakehouse.synthetic.layout import Layout, gate, square, street


@dataclass(frozen=True)
class Place:
    """One site: whose it is, how it lies, and how busy its busiest usual hour is.

    vehicles and visits are per minute (visits inward), people is the mean number of people in the zone.
    `seconds` is how long those who linger stay; `low_cm` is the tide at which water comes onto the road.
    """

    camera_id: str
    name: str
    owner: str
    site: str
    area_id: str
    layout: Layout
    capacity: int
    people: float
    vehicles: float = 0.0
    visits: float = 0.0
    speed_ms: float = 5.6
    seconds: float = 60.0
    low_cm: float | None = None


def _view(height: float, pitch: float, fov: float) -> Calibration:
    return Calibration(height_m=height, pitch_deg=pitch, fov_deg=fov)


_HIGH = _view(8.0, 28, 75)
_HIGHER = _view(8.6, 29, 76)
_LOW = _view(6.8, 28, 74)
_GATE = _view(7.0, 27, 70)

PLACES: tuple[Place, ...] = (
    Place("tugu-muda", "Simpang Tugu Muda", "Dishub", "street", "33.74.01.1007",
          street(20.0, 3.5, 3.8, 0.05, _HIGHER), 20, 5.0, vehicles=24, speed_ms=5.8),
    Place("lawang-sewu", "Gerbang Lawang Sewu", "Disbudpar", "gate", "33.74.01.1007",
          gate(14.0, 12.0, _GATE), 24, 8.0, visits=7),
    Place("pasar-johar", "Pasar Johar", "Disperindag", "market", "33.74.01.1010",
          street(18.5, 3.1, 4.4, -0.06, _HIGH), 24, 9.0, vehicles=13, speed_ms=4.8, seconds=100),
    Place("kota-lama", "Taman Srigunting, Kota Lama", "Disbudpar", "square", "33.74.02.1008",
          gate(14.5, 13.0, _GATE), 26, 10.0, visits=8, seconds=110, low_cm=108),
    Place("pompa-bandarharjo", "Rumah pompa Bandarharjo", "DPU", "pump", "33.74.02.1001",
          street(18.5, 3.0, 3.6, 0.08, _HIGH), 16, 2.5, vehicles=9, speed_ms=5.0, low_cm=88),
    Place("dr-cipto", "Jalan Dr. Cipto", "Dishub", "street", "33.74.03.1009",
          street(20.0, 3.5, 3.8, -0.10, _HIGH), 18, 4.0, vehicles=20, speed_ms=6.0),
    Place("masjid-agung", "Gerbang Masjid Agung Jawa Tengah", "Pengelola MAJT", "gate", "33.74.04.1004",
          gate(14.0, 12.0, _GATE), 24, 7.0, visits=6),
    Place("kaligawe", "Jalan Kaligawe", "Dishub", "street", "33.74.04.1002",
          street(20.5, 3.5, 3.8, 0.12, _HIGHER), 18, 3.0, vehicles=22, speed_ms=5.6, low_cm=96),
    Place("pompa-terboyo", "Rumah pompa Terboyo", "DPU", "pump", "33.74.05.1013",
          street(18.5, 3.0, 3.6, -0.05, _HIGH), 16, 2.5, vehicles=8, speed_ms=5.0, low_cm=86),
    Place("fatmawati", "Jalan Fatmawati", "Dishub", "street", "33.74.06.1007",
          street(20.0, 3.5, 3.8, 0.0, _HIGH), 18, 4.0, vehicles=18, speed_ms=5.7),
    Place("simpang-lima", "Lapangan Simpang Lima", "Diskominfo", "square", "33.74.07.1005",
          square(15.5, 8.0, _HIGH), 28, 11.0, seconds=150),
    Place("pandanaran", "Jalan Pandanaran", "Dishub", "street", "33.74.07.1004",
          street(20.0, 3.5, 4.2, -0.04, _HIGHER), 22, 7.0, vehicles=21, speed_ms=5.3, seconds=80),
    Place("jatingaleh", "Pasar Jatingaleh", "Disperindag", "market", "33.74.08.1002",
          street(18.5, 3.1, 4.2, 0.07, _HIGH), 22, 7.0, vehicles=16, speed_ms=5.0, seconds=90),
    Place("sampangan", "RW 3 Sampangan", "RW 3 Sampangan", "neighbourhood", "33.74.09.1004",
          street(16.5, 2.8, 3.6, 0.05, _LOW, half_length=6.5), 16, 3.0, vehicles=7, speed_ms=4.5),
    Place("kedungmundu", "Jalan Kedungmundu", "Dishub", "street", "33.74.10.1009",
          street(20.0, 3.5, 3.8, 0.09, _HIGH), 18, 4.0, vehicles=17, speed_ms=5.5),
    Place("srondol", "Jalan Setiabudi, Srondol", "Dishub", "street", "33.74.11.1007",
          street(20.5, 3.5, 3.8, -0.08, _HIGHER), 18, 3.5, vehicles=21, speed_ms=6.0),
    Place("goa-kreo", "Gerbang Goa Kreo", "Disbudpar", "gate", "33.74.12.1016",
          gate(13.5, 11.0, _GATE), 22, 5.0, visits=4),
    Place("sekaran", "RT 2 Sekaran", "RT 2 Sekaran", "neighbourhood", "33.74.12.1009",
          street(16.5, 2.8, 3.6, -0.07, _LOW, half_length=6.5), 16, 4.0, vehicles=8, speed_ms=4.6),
    Place("sam-poo-kong", "Gerbang Sam Poo Kong", "Pengelola Sam Poo Kong", "gate", "33.74.13.1008",
          gate(14.0, 12.0, _GATE), 24, 7.0, visits=6),
    Place("kalibanteng", "Bundaran Kalibanteng", "Dishub", "street", "33.74.13.1005",
          street(20.0, 3.5, 3.8, 0.04, _HIGHER), 18, 3.0, vehicles=24, speed_ms=6.1),
    Place("pantai-marina", "Gerbang Pantai Marina", "Pengelola Marina", "gate", "33.74.13.1014",
          gate(14.5, 12.0, _GATE), 24, 6.0, visits=5, low_cm=104),
    Place("pasar-mijen", "Pasar Mijen", "Disperindag", "market", "33.74.14.1008",
          street(18.5, 3.1, 4.2, 0.03, _HIGH), 22, 6.0, vehicles=11, speed_ms=4.9, seconds=90),
    Place("ngaliyan", "Jalan Raya Ngaliyan", "Dishub", "street", "33.74.15.1007",
          street(20.0, 3.5, 3.8, -0.11, _HIGH), 18, 3.5, vehicles=17, speed_ms=5.6),
    Place("mangkang", "Terminal Mangkang", "Dishub", "street", "33.74.16.1006",
          street(20.5, 3.5, 4.0, 0.06, _HIGHER), 20, 5.0, vehicles=15, speed_ms=5.8, low_cm=98),
)  # fmt: skip
"""Every site; a camera's number in it keys its random numbers, so new sites go to the end."""

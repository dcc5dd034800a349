"""What is said to a person whose input cannot be used: the value, the rule and the remedy."""

from typing import ClassVar


class Problem(Exception):
    """Something that was given cannot be used; nothing was done with it.

    The message names the value, the rule it broke and what to do. A command line prints it and exits
    with a status that is not 0; the API answers it as problem+json.
    """

    slug: ClassVar[str] = "problem"
    title: ClassVar[str] = "The request cannot be carried out"
    status: ClassVar[int] = 422

    def __init__(self, value: object, rule: str, remedy: str) -> None:
        super().__init__(f"{value!r}: {rule}; {remedy}")
        self.value = value
        self.rule = rule
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["Problem"], tuple[object, str, str]]:
        return type(self), (self.value, self.rule, self.remedy)


class UnknownArea(Problem):
    """No area of the lake has this id. List them with `python -m lakehouse areas` or `/v1/areas`."""

    slug = "unknown-area"
    title = "No such area"
    status = 404


class UnknownCamera(Problem):
    """No camera of the lake has this id. List them with `python -m lakehouse cameras` or `/v1/cameras`."""

    slug = "unknown-camera"
    title = "No such camera"
    status = 404


class UnknownDay(Problem):
    """A day of which the lake knows nothing, or no longer enough. Name one that was looked at."""

    slug = "unknown-day"
    title = "No such day"
    status = 404


class BadReplay(Problem):
    """A replay that cannot be made, or not be published. The message says what there is instead."""

    slug = "bad-replay"
    title = "The replay cannot be made as asked"


class UnknownKind(Problem):
    """No analytic of this installation makes this kind. List them with `/v1/kinds`."""

    slug = "unknown-kind"
    title = "No such kind"
    status = 404


class BadAnalytic(Problem):
    """An analytic that is not as one must be. The message names its class, the attribute and the rule."""

    slug = "bad-analytic"
    title = "Not a usable analytic"


class BadTime(Problem):
    """A date or time that is none. Write RFC 3339, with an offset: 2026-11-23T10:00:00+07:00."""

    slug = "bad-time"
    title = "Not a date or time"


class BadScenario(Problem):
    """Something that cannot be supposed. The message lists what can: rain, tide, and days that differ."""

    slug = "bad-scenario"
    title = "Not a scenario"


class BadSource(Problem):
    """A source that cannot be opened or decoded. Check its address, its rights and its format."""

    slug = "bad-source"
    title = "The source cannot be read"


class BadImage(Problem):
    """Bytes that are no picture, or a picture that is too large. Send a JPEG or PNG within the limits."""

    slug = "bad-image"
    title = "Not a usable picture"


class BadWeights(Problem):
    """Detector weights whose sha256 is not the one in their card. Get them again, or name their card."""

    slug = "bad-weights"
    title = "The weights are not what their card says"


class BadLake(Problem):
    """A folder that is no lake, or one of another version. Name another folder, or make a lake there."""

    slug = "bad-lake"
    title = "The lake cannot be opened"


class BrokenLake(Problem):
    """A lake that broke a rule which its writers keep. The message names the table, file or segment."""

    slug = "broken-lake"
    title = "The lake is damaged"
    status = 500


class BadTable(Problem):
    """Rows that do not fit their table. The message names the column and the rule."""

    slug = "bad-table"
    title = "The rows do not fit the table"


class BadSegment(Problem):
    """A landed batch that was cut off or changed on the disk. Compaction sets it aside and goes on."""

    slug = "bad-segment"
    title = "A landed batch is damaged"


class DiskFull(Problem):
    """The disk is nearly full, so nothing was accepted. Free space; producers resume by themselves."""

    slug = "disk-full"
    title = "The disk is nearly full"
    status = 507


class UnknownParameter(Problem):
    """A query parameter that the route does not have. Correct its spelling; `/docs` lists them."""

    slug = "unknown-parameter"
    title = "No such query parameter"


class UnknownVersion(Problem):
    """A version that the table never had, or no longer has. Ask without it for the newest."""

    slug = "unknown-version"
    title = "No such version"
    status = 404


class BadCursor(Problem):
    """A cursor that this API did not give out. Start again without it."""

    slug = "bad-cursor"
    title = "Not a cursor"


class NoDetector(Problem):
    """This server runs without a detector, or the detector does not answer. Start one, or try again."""

    slug = "no-detector"
    title = "No detector at hand"
    status = 503


class SmallCluster(Problem):
    """The cluster has fewer CPUs than the deployments ask for. Start it with more, or ask for less."""

    slug = "small-cluster"
    title = "The cluster is too small"


class TooMuch(Problem):
    """A question whose answer is too long. Narrow the time, the area or the kind, or read the table."""

    slug = "too-much"
    title = "The answer is too long"


class BadRegistry(Problem):
    """A list of cameras or areas that cannot be read. The message says which of its lines, and why."""

    slug = "bad-registry"
    title = "The list of cameras cannot be imported"


class BadSecret(Problem):
    """A secret, or the file of secrets, that cannot be used. No secret is repeated in the message."""

    slug = "bad-secret"
    title = "The secret cannot be used"


class BadFolder(Problem):
    """A folder that is not what a command needs. The message says what it should hold, or not hold."""

    slug = "bad-folder"
    title = "The folder cannot be used"


class TooLarge(Problem):
    """A body with more bytes than are read. Send a smaller one."""

    slug = "too-large"
    title = "The body is too large"
    status = 413

"""Which form of an answer a client likes best, by its header Accept."""


def prefers_html(accept: str) -> bool:
    """Whether a client, as browsers do, names HTML and likes it better than JSON. What is malformed counts as none."""
    liked: dict[str, float] = {}
    for each in accept.lower().split(","):
        media_type, *parameters = [part.strip() for part in each.split(";")]
        liked[media_type] = _quality(parameters)
    json = next((liked[each] for each in ("application/json", "application/*", "*/*") if each in liked), 0.0)
    return liked.get("text/html", 0.0) > json


def _quality(parameters: list[str]) -> float:
    given = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        quality = float(given)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0

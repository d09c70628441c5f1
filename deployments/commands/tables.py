"""Tables on a terminal."""

from collections.abc import Container, Sequence


def table(rows: Sequence[Sequence[str]], texts: Container[int]) -> str:
    """Columns as wide as their widest cell. Nothing is cut, however narrow the terminal: a name is there to be used.

    Args:
        rows: of equally many cells; the headings are the first.
        texts: columns that begin at the left, by number; the others are numbers.
    """
    widths = [max(map(_cells, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _cells(cell)) if number in texts else " " * (width - _cells(cell)) + cell
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _cells(text: str) -> int:
    """How wide a terminal shows a text; some scripts take two cells a character."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)

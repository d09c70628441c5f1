"""Which figures have crossed their thresholds: hysteresis, cool-down, and one alert for each crossing."""

import numpy as np
import pandas as pd

STALE_DAYS = 28
"""After so many days without a value, what was over its threshold is no longer said to be."""


def crossed(figures: pd.DataFrame) -> pd.DataFrame:
    """What becomes of risks with new values.

    - A figure crosses when it is above its threshold, and is over it until it falls below the lower one.
    - Each crossing has a number. It is told once: at once, or when the cool-down of the alert before has passed and it
      is still over.
    - Without a value nothing is known: the risk stays as it is, for four weeks at most.
    - Where there is no threshold, nothing is over.

    Args:
        figures: a row per member and figure with ``value`` (NaN: none), ``above``, ``below`` (NaN: no threshold),
            ``cool_down_days``, ``today`` (number of the day), and what there was: ``was_over``, ``crossing``,
            ``alerted``, ``alerted_on``, ``valued_on``, ``since`` (numbers of days; NaN: never).

    Returns:
        The rows with ``over``, ``crossing``, ``since``, ``valued_on``, ``alert`` (one is due), ``alerted`` and
        ``alerted_on`` as they are from now on.
    """
    known = figures["value"].notna()
    above = figures["value"] > figures["above"]
    still = figures["was_over"] & np.where(
        known,
        figures["value"] >= figures["below"],
        figures["below"].notna() & (figures["today"] - figures["valued_on"] <= STALE_DAYS),
    )
    over = above | still
    begins = over & ~figures["was_over"]
    crossing = figures["crossing"] + begins
    cooled = figures["alerted_on"].isna() | (figures["today"] >= figures["alerted_on"] + figures["cool_down_days"])
    # What is not known today may have ended: it is told of when it is seen again.
    alert = over & known & (crossing > figures["alerted"]) & cooled
    return figures.assign(
        over=over,
        crossing=crossing,
        since=figures["since"].mask(begins, figures["today"]),
        valued_on=figures["valued_on"].mask(known, figures["today"]),
        alert=alert,
        alerted=figures["alerted"].mask(alert, crossing),
        alerted_on=figures["alerted_on"].mask(alert, figures["today"]),
    )

#!/usr/bin/env python3
"""Writes crates/domain/holidays.txt: the public holidays of countries and their regions, as dates.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install holidays==0.108
    /tmp/venv/bin/python tools/make_holidays.py > crates/domain/holidays.txt

The facts are those of the PyPI package `holidays` (MIT licence). Run it again with a newer one when countries change
their holidays, or when the years run out. The form of what it writes:

    # a comment
    years 2020 2036         the first and the last year
    =3 200413 210405 ...    dates (YYMMDD) that several lines below have; they refer to them as =3
    DE BB BE ...            a country, and its regions; until the next country:
    |Name|1225              a holiday everywhere, each year on 25 December
    +BB BE|Name|200413 ...  one in these regions only
    -AK AL|Name|=3          one everywhere but in these regions
"""

import collections
import logging
import re
import warnings

import holidays

YEARS = range(2020, 2037)
REGION = re.compile(r"[A-Z0-9]{1,3}")  # ISO 3166-2; the package also has some cities, by name

logging.disable()
warnings.simplefilter("ignore")


def facts(country, region=None):
    """What is a holiday there: pairs of date and name."""
    calendar = holidays.country_holidays(country, subdiv=region, years=YEARS, language="en_US")
    return {(date, clean(name)) for date in calendar for name in calendar.get_list(date) if date.year in YEARS}


def clean(name):
    return " ".join(name.replace("|", "/").split())


def holidays_of(country, regions):
    """The lines of a country: scope and name, with their dates."""
    everywhere = facts(country)
    within = {region: facts(country, region) for region in regions}
    rows = collections.defaultdict(list)
    for fact in everywhere.union(*within.values()):
        date, name = fact
        sign, chosen = "+", [region for region in regions if fact in within[region]]
        if fact in everywhere:
            sign, chosen = "-", [region for region in regions if fact not in within[region]]
        scope = sign + " ".join(chosen) if chosen else ""
        rows[scope, name].append(date)
    return sorted(rows.items())


def written(dates):
    days = {date.strftime("%m%d") for date in dates}
    if len(days) == 1 and len(dates) == len(YEARS):
        return days.pop()
    return " ".join(date.strftime("%y%m%d") for date in sorted(dates))


def main():
    countries = []
    for country, regions in sorted(holidays.list_supported_countries(include_aliases=False).items()):
        regions = sorted(filter(REGION.fullmatch, regions))
        rows = [(*key, written(dates)) for key, dates in holidays_of(country, regions)]
        if rows:  # nobody lives on some islands
            countries.append((country, regions, rows))
    uses = collections.Counter(dates for _, _, rows in countries for _, _, dates in rows)
    several = [dates for dates, count in uses.most_common() if count > 1 and len(dates) > 6]
    shared = {dates: f"={number}" for number, dates in enumerate(several)}
    print(f"# Public holidays. Made by tools/make_holidays.py, which says how to read it, from holidays {holidays.__version__}.")
    print("years", YEARS[0], YEARS[-1])
    for dates, label in shared.items():
        print(label, dates)
    for country, regions, rows in countries:
        print(country, *regions)
        for scope, name, dates in rows:
            print(scope, name, shared.get(dates, dates), sep="|")


if __name__ == "__main__":
    main()

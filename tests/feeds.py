# SPDX-License-Identifier: Apache-2.0
"""Feeds as agencies send them, made of entries in our own terms: for tests and demo. The layouts are hotlist/layouts."""

CSV_COLUMNS = "lic,lis,lit,category,case_number,ori,entered,expires,vyr,vma,vmo,vst,vco"
PLAIN = {"lic": "", "lis": "", "lit": "PC", "category": "V", "number": 1, "ori": "MO0951400", "entered": "20260109", "expires": "",
         "vyr": "", "vma": "", "vmo": "", "vst": "", "vco": ""}
LEADS_LISTS = {"V": "STOLEN", "M": "MISSING", "W": "WANTED"}


def ncic_lpr(e: dict) -> str:
    return (f"{e['category']}{e['number']:09d}{e['ori']:9}{e['entered']:8}{e['lic']:10}{e['lis']:2}2027{e['lit']:2}"
            f"{e['vyr']:4}{e['vma']:4}{e['vmo']:3}{e['vst']:2}{e['vco']}").rstrip()


def il_leads(e: dict) -> str:
    head = f"{e['lic']:8}{e['lis']:2}{e['lit']:2}{LEADS_LISTS[e['category']]:7}"
    if e["category"] != "V":
        return f"{head}{'A PERSON M W 19700101':58}LDS/{e['category']}{e['number'] % 10**7:07d}"
    day = e["entered"]
    return (f"{head}VYR/{e['vyr'][2:]:2} VMA/{e['vma']:4} VMO/{e['vmo']:3} VST/{e['vst']:2} VCO/{e['vco']:7} "
            f"DOT/{day[4:] + day[2:4]:6} LDS/V{e['number'] % 10**7:07d}")


def ncic_csv(e: dict, lit: bool = False) -> str:
    return ",".join([f"{e['category']}{e['number']:09d}", e["ori"], e["entered"], e["lic"], e["lis"], "2027", *([e["lit"]] if lit else []),
                     e["vyr"], e["vma"], e["vmo"], e["vst"], e["vco"]])


def csv_row(e: dict) -> str:
    return ",".join({**e, "case_number": f"26-{e['number']:06d}"}[name] for name in CSV_COLUMNS.split(","))


ROWS = {"ncic-lpr": ncic_lpr, "il-leads": il_leads, "ncic-csv": ncic_csv, "ncic-csv-lit": lambda e: ncic_csv(e, True), "csv": csv_row}
HEADERS = {"csv": CSV_COLUMNS}
# What the call must add, because the feed has none.
TERMS = {"ncic-lpr": ["--entry-age", 86400], "il-leads": ["--agency", "IL0840000", "--entry-age", 86400],
         "ncic-csv": ["--entry-age", 86400], "ncic-csv-lit": ["--entry-age", 86400], "csv": []}


def row(layout: str, **entry) -> str:
    return ROWS[layout]({**PLAIN, **entry})


def feed(layout: str, rows: list, end: str = "\n") -> str:
    """The text of a feed: what stands before the first row, and the rows."""
    return "".join(line + end for line in [*([HEADERS[layout]] if layout in HEADERS else []), *rows])


def words(layout: str, path) -> list:
    """What the call of compile says about it."""
    return ["--layout", layout, *TERMS[layout], "--in", path]

"""The machine died while the answer was written: cuts a journal inside of that record."""

import sys

with open(sys.argv[1], "r+b") as journal:
    journal.truncate(journal.read().rindex(b'"answer_carried"'))

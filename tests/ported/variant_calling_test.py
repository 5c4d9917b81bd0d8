#!/usr/bin/env python3
"""The calls of real reads are the variants that this person is known to have; another prior calls again and maps nothing."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ported  # noqa: E402
import runs as look  # noqa: E402
import world as worlds  # noqa: E402

REFUSED = (
    (r'"@RG\tID:~{sample.name}\tSM:~{sample.name}"', r"'@RG\tID:~{sample.name}\tSM:~{sample.name}'"),
    ("Sorted(bam: ordered.bam, bai: samtools_index(ordered.bam).bai)", "Sorted(bam: ordered.bam)"),
    ("-f ~{genome}", "-f ~{genom}"),
)
SURE = 50  # of QUAL, on the scale of Phred: one wrong call in 100,000


def substitutions(calls):
    """Position, base of the genome, base of the reads, of the sure calls that neither insert nor delete; how many samples."""
    with open(calls) as file:
        records = [line.split("\t") for line in file if not line.startswith("##")]
    samples = len(records[0]) - 9
    sure = [r for r in records[1:] if float(r[5]) >= SURE]
    return {(r[1], r[3], r[4]) for r in sure if len(r[3]) == len(r[4]) == 1}, samples


def main(world):
    ported.need("bwa", "samtools", "bcftools", "Rscript")
    port = ported.Port(world, "variant_calling")
    for change in REFUSED:
        port.refuses(change)
    run = port.run()
    known = {tuple(line.split("\t")) for line in world.read("data/known.tsv").splitlines()}
    assert len(known) == 14, known
    called, samples = substitutions(ported.file_output(run, "calls"))
    assert called == known, f"missing {known - called}, not known {called - known}"
    assert samples == 3, samples
    with open(ported.file_output(run, "plot")) as plot:
        assert "<svg" in plot.read()
    assert len(ported.done(run, "mapped")) == 3, look.journal(run, "attempt_ended")

    # What does not depend on the prior is not done again.
    again = port.run("--prior-mutation-rate", "0.0001")
    assert {e["place"] for e in look.journal(again, "attempt_ended")} == {"called", "plotted"}


if __name__ == "__main__":
    worlds.main(main)

"""The original's five steps, held to its own outputs and to the readable oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from posestream.decoding import paf_compatible as steps
from posestream.decoding import reference

TIED = {"const_plateau_paf", "plateaus", "regular_grid_ties", "paf_zero", "identical_points"}
LIMIT = np.float32(0.1)


def golden(shared: Path, pattern: str):
    for path in sorted((shared / "golden").glob(pattern)):
        with np.load(path) as vectors:
            yield path.stem, dict(vectors)


def decode(maps, fields, topology, most):
    counts, peaks = steps.find_peaks(maps, LIMIT, 5, most)
    refined = steps.refine_peaks(maps, counts, peaks, 5)
    graph = steps.paf_score_graph(fields, topology, counts, refined, 7)
    connections = steps.assignment(graph, topology, counts, LIMIT)
    people, objects = steps.connect_parts(connections, topology, counts)
    return {
        "counts": counts,
        "peaks": peaks,
        "normalized_peaks": refined,
        "score_graph": graph,
        "connections": connections,
        "object_counts": people,
        "objects": objects,
    }


@pytest.mark.parametrize("most", [20, 100])
@pytest.mark.parametrize("pattern", ["syn_*", "real_*", "batch4*", "adv_*"])
def test_every_step_repeats_the_original_to_the_last_bit(shared, pattern, most):
    for name, vectors in golden(shared, f"{pattern}.npz"):
        topology = vectors["topology"].astype(np.int64)
        for n in range(len(vectors["cmap"])):
            for key, ours in decode(vectors["cmap"][n], vectors["paf"][n], topology, most).items():
                theirs = vectors[f"{key}_M{most}"][n]
                tied = name.removeprefix("adv_") in TIED
                if not tied or key not in ("connections", "objects", "object_counts"):
                    assert np.array_equal(ours, theirs, equal_nan=True), (name, key)


def test_tied_links_total_no_less_than_the_originals(shared):
    for name, vectors in golden(shared, "adv_*.npz"):
        if name.removeprefix("adv_") in TIED:
            ours = decode(
                vectors["cmap"][0], vectors["paf"][0], vectors["topology"].astype(np.int64), 100
            )
            totals = [
                graph[a, b]
                for links in (ours["connections"], vectors["connections_M100"][0])
                for graph, pairs in zip(vectors["score_graph_M100"][0], links[:, 0], strict=True)
                for a, b in [(np.nonzero(pairs >= 0)[0], pairs[pairs >= 0])]
            ]
            half = len(totals) // 2
            ours_total = sum(scores.sum() for scores in totals[:half])
            theirs_total = sum(scores.sum() for scores in totals[half:])
            assert ours_total >= theirs_total - 1e-4 * abs(theirs_total), name


@pytest.mark.parametrize("name", ["syn_56x56_P05_noisy", "real_mobilenet_thin_apink1_46x54"])
def test_the_oracle_repeats_the_original_too(shared, name):
    ((_, vectors),) = golden(shared, f"{name}.npz")
    maps, topology = vectors["cmap"][0], vectors["topology"]
    peaks = reference.find_peaks(maps)
    refined = reference.refine_peaks(maps, peaks)
    tables = reference.paf_score_graph(vectors["paf"][0], topology, refined)
    links = reference.assignment(tables)
    counts = [len(cells) for cells in peaks]
    people = reference.connect_parts(links, topology, counts)
    assert counts == vectors["counts_M100"][0].tolist()
    for c, points in enumerate(refined):
        assert np.array_equal(points, vectors["normalized_peaks_M100"][0, c, : len(points)])
    for n, table in enumerate(tables):
        rows, columns = table.shape
        assert np.array_equal(table, vectors["score_graph_M100"][0, n, :rows, :columns])
    objects = vectors["objects_M100"][0, : vectors["object_counts_M100"][0]]
    assert people == [{k: p for k, p in enumerate(row) if p >= 0} for row in objects.tolist()]


def test_a_map_smaller_than_the_window_stays_inside():
    maps = np.ones((1, 1, 2), np.float32)
    counts, peaks = steps.find_peaks(maps, LIMIT, 5, 4)
    refined = steps.refine_peaks(maps, counts, peaks, 5)
    assert counts[0] == 2
    assert np.isfinite(refined).all()


def test_scores_that_are_not_finite_do_not_hang_the_assignment():
    graph = np.array([[[np.nan, 0.5], [np.inf, np.nan]]], np.float32)
    links = steps.assignment(graph, np.array([[0, 1, 0, 1]]), np.array([2, 2]), LIMIT)
    assert links[0, 0, 0] == 1

"""Networks are compiled for the sizes that pay."""

import threading
from concurrent.futures import ThreadPoolExecutor

from posestream.inference.sizes import SizeCache


class Compiler:
    """Counts what it compiles."""

    def __init__(self) -> None:
        self.compiled: list[object] = []

    def __call__(self, size: object) -> str:
        self.compiled.append(size)
        return f"network for {size}"


def test_the_first_sizes_are_compiled_at_once():
    compiler = Compiler()
    sizes = SizeCache(compiler, at_once=2)
    assert [sizes.get(size) for size in "aabab"] == [f"network for {size}" for size in "aabab"]
    assert compiler.compiled == ["a", "b"]


def test_later_sizes_share_a_network_of_free_size():
    compiler = Compiler()
    sizes = SizeCache(compiler, at_once=1)
    assert [sizes.get(size) for size in "abcb"][1:] == ["network for None"] * 3
    assert compiler.compiled == ["a", None]


def test_a_later_size_gets_its_own_once_it_would_have_paid():
    compiler = Compiler()
    sizes = SizeCache(compiler, at_once=1, worth_after=3)
    sizes.get("a")
    assert [sizes.get("b") for _ in range(5)] == ["network for None"] * 3 + ["network for b"] * 2
    assert compiler.compiled == ["a", None, "b"]


def test_the_size_not_needed_for_longest_makes_room():
    compiler = Compiler()
    sizes = SizeCache(compiler, at_once=2, capacity=2, worth_after=0)
    for size in "abac":
        sizes.get(size)
    assert sizes.get("a") == "network for a"
    assert compiler.compiled == ["a", "b", "c"]
    assert sizes.get("b") == "network for b"
    assert compiler.compiled == ["a", "b", "c", "b"]


def test_a_size_is_compiled_once_however_many_threads_want_it():
    compiler = Compiler()
    sizes = SizeCache(compiler)
    together = threading.Barrier(8)

    def ask(_: int) -> str:
        together.wait()
        return sizes.get("a")

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {"network for a"}
    assert compiler.compiled == ["a"]

import gc
import weakref

from posestream.runtime.tidying import Tidier


class Knot:
    """Something that refers to itself."""

    def __init__(self) -> None:
        self.itself = self


def test_it_tidies_only_now_and_then():
    tidier = Tidier(every_s=10)
    assert [tidier.tick(now_s) for now_s in (0, 5, 10, 15, 20, 29, 31)] == [
        *(False, False, True, False, True, False, True)
    ]
    tidier.close()


def test_cycles_are_let_go_and_nothing_stays_frozen():
    frozen = gc.get_freeze_count()
    tidier = Tidier(every_s=0)
    gc.disable()
    try:
        tidier.tick(0)
        assert gc.get_freeze_count() > frozen
        knot = weakref.ref(Knot())
        assert knot() is not None
        tidier.tick(1)
        assert knot() is None
    finally:
        gc.enable()
        tidier.close()
    assert gc.get_freeze_count() == 0

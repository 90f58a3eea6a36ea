import os
import signal
import subprocess
import sys
import threading

from posestream.runtime.stopping import StopFlag, stop_on_signals


def test_the_first_signal_asks_for_the_end_and_handlers_are_put_back():
    before = signal.getsignal(signal.SIGTERM)
    flag = StopFlag()
    with stop_on_signals(flag):
        os.kill(os.getpid(), signal.SIGTERM)
        while not flag.requested:
            pass
    assert flag.signal_number == signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_ctrl_c_leaves_at_once():
    code = (
        "import os, signal\n"
        "from posestream.runtime.stopping import StopFlag, stop_on_signals\n"
        "with stop_on_signals(StopFlag()):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('still here', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    print('never')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "still here\n")


def test_other_threads_may_run_pipelines_without_signals():
    outcome: list[bool] = []

    def work() -> None:
        with stop_on_signals(StopFlag()) as nothing:
            outcome.append(nothing is None)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(5)
    assert outcome == [True]

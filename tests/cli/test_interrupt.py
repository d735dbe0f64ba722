"""Ctrl-C ends a command with one line and code 130, whenever it is pressed and however often."""

import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from support.study import TINY

from globscope.cli.interrupt import LINE

# A shell that starts tests in the background lets them ignore Ctrl-C, and what they start inherits that.
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
START = (
    f"{HEARD}from globscope.cli.app import Commands\nfrom globscope.cli.ending import exit_on_error\napp = Commands()\n"
    "press = lambda: signal.raise_signal(signal.SIGINT)\n@app.command()\ndef go():\n"
)
TWICE = """
with exit_on_error():
    try:
        press()
    finally:
        press()
"""
UNRAISABLE = """
class Thing:
    def __del__(self):
        press()
with exit_on_error():
    thing = Thing()
    del thing
"""
ANOTHER = """
with exit_on_error():
    try:
        press()
    except KeyboardInterrupt:
        raise ValueError
"""
THREADED = """
import threading, time
threading.Thread(target=time.sleep, args=(0.2,)).start()
with exit_on_error():
    press()
"""
LATER = """
import atexit
atexit.register(press)
with exit_on_error():
    press()
"""
CASES = {
    "before there is work": "press()\n",
    "at work": "with exit_on_error():\n    press()\n",
    "twice": TWICE,
    "while a module is imported that swallows it": "with exit_on_error():\n    import swallowing\n",
    "where Python cannot raise it": UNRAISABLE,
    "and a library makes another exception of it": ANOTHER,
    "while another thread works": THREADED,
    "and once more while Python ends": LATER,
}


@pytest.mark.parametrize("case", CASES)
def test_ctrl_c_is_one_line_and_code_130(case, tmp_path):
    (tmp_path / "swallowing.py").write_text(
        "import signal\ntry:\n    signal.raise_signal(signal.SIGINT)\nexcept BaseException:\n    pass\n"
    )
    text = START + textwrap.indent(CASES[case] + "print('went on')\n", "    ") + "app([])\n"
    done = subprocess.run([sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", f"{LINE}\n")


@pytest.mark.slow
def test_ctrl_c_at_any_moment_of_a_run_is_one_line_and_code_130(tmp_path):
    long = TINY.replace("epochs = 2", "epochs = 100000").replace("save_every = 1", "save_every = 1000")
    (tmp_path / "long.toml").write_text(long)
    chance = random.Random(21)
    for _ in range(20):
        moment, again = chance.uniform(0.15, 6), chance.choice([0, 0.001, 0.05, 0.5])
        study = [sys.executable, "-c", f"{HEARD}from globscope.cli import app; app()", "study", "long.toml", "--yes"]
        with subprocess.Popen(study, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as command:
            time.sleep(moment)
            command.send_signal(signal.SIGINT)
            time.sleep(again)
            if again and command.poll() is None:
                command.send_signal(signal.SIGINT)
            try:
                message = command.communicate(timeout=60)[1]
            finally:
                command.kill()
        case = (moment, again, message)
        assert (command.returncode, message.splitlines()[-1:], message.count(LINE)) == (130, [LINE], 1), case
        assert "Traceback" not in message

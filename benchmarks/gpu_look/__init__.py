"""The parts of `gpu_first_look.py`."""

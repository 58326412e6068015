"""What training has to work with: cores, graphics cards, and a card that lies idle."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from cnnproj.diagnosis.probe import Machine

DRIVER = Path("/proc/driver/nvidia/gpus")  # where NVIDIA's driver for Linux lists its cards
PATIENCE = 10  # seconds for the driver to answer


def look_at_machine() -> Machine:
    """The machine that this runs on. TensorFlow must have been started."""
    import tensorflow as tf

    found = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    gpus = tuple(str(gpu.get("device_name", "GPU")) for gpu in found)
    return Machine(cores=os.cpu_count() or 1, gpus=gpus, idle_card="" if gpus else _card())


def _card() -> str:
    """The name of an NVIDIA card whose driver is at work, empty where there is none."""
    for path in sorted(DRIVER.glob("*/information")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("Model:"):
                return line.partition(":")[2].strip()
    command = shutil.which("nvidia-smi")
    if command is None:
        return ""
    try:
        asked = [command, "--query-gpu=name", "--format=csv,noheader"]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip().partition("\n")[0] if answer.returncode == 0 else ""

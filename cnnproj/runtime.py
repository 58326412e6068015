"""TensorFlow, started once and in a known state: threads, determinism, and what it ran on."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from cnnproj import __version__
from cnnproj.errors import CnnprojError

# What decides the numbers of a run, and so is recorded with them.
PACKAGES = ("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "optuna", "opencv-python-headless")


def start_tensorflow(threads: int) -> None:
    """Import TensorFlow with ``threads`` threads and deterministic operations. Calling it again changes nothing.

    The number of threads is part of what is repeated: TensorFlow's sums depend on it in their last digits.

    Raises:
        CnnprojError: where TensorFlow already runs in this process with another number of threads.
    """
    with quiet_import():
        import tensorflow as tf
    tf.get_logger().setLevel("ERROR")  # every trial builds a network anew, of which TensorFlow warns each time

    threading = tf.config.threading
    if threading.get_intra_op_parallelism_threads() != threads:
        try:
            threading.set_intra_op_parallelism_threads(threads)
            threading.set_inter_op_parallelism_threads(1)  # operations side by side get in each other's way
        except RuntimeError:
            raise CnnprojError("runtime.threads_are_set", threads=threads) from None
    tf.config.experimental.enable_op_determinism()
    if not tf.config.list_physical_devices("GPU"):
        # What rewrites graphs gains nothing on a CPU, and takes a fifth of the time of tracing.
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def best_precision() -> str:
    """Keras' name of the precision to train in here: half for the sums of a GPU that is built for it, else single.

    GPUs have units for 16-bit floats from compute capability 7.0 on, and for bfloat16, which needs no scaling of the
    loss, from 8.0 on. Source: NVIDIA, "Train with mixed precision".
    """
    import tensorflow as tf

    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    capability = min((one.get("compute_capability") or (0, 0) for one in details), default=(0, 0))
    return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"


@contextmanager
def quiet_import() -> Iterator[None]:
    """Hold back what TensorFlow's libraries write to the error stream as they load, unless the import fails.

    TensorFlow's own level, which this sets for what comes later, does not silence it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def environment(threads: int) -> dict[str, str | int]:
    """The versions, machine and device behind a run's numbers. TensorFlow must have been started."""
    import tensorflow as tf

    found: dict[str, str | int] = {"python": platform.python_version(), "cnnproj": __version__}
    found |= {name: version(name) for name in PACKAGES}
    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    found["device"] = ", ".join(gpu.get("device_name", "GPU") for gpu in gpus) or "CPU"
    found |= {"cpu": _cpu_name(), "system": f"{platform.system()} {platform.machine()}", "threads": threads}
    return found


def _cpu_name() -> str:
    if sys.platform == "linux":
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123 - a stream, not a file
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()

"""Why a training fails, from the lectures' checklist: measured once as it is trained, told later without TensorFlow."""

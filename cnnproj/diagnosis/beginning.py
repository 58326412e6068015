"""What is wrong before training begins: what enters the network, its first weights, its last layer and its loss."""

from __future__ import annotations

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import Finding, number
from cnnproj.diagnosis.remedies import tuned
from cnnproj.words import say

LARGE = 10.0  # root mean square of what enters: images of 0–1 have less than 1, standardised ones 1, of 0–255 some 100
FAINT = 0.02  # standard deviation: five of 255 gray values
ASIDE = 10.0  # standard deviations from the mean to 0: what images have in common then drowns what tells them apart
# Times the deviation of He et al. (2015), √(2 / inputs): Glorot's and LeCun's are 0.5 to 1 of it. Such a factor a layer
# makes the signal of three layers a hundred times too strong, or a thousand times too weak.
WIDE, NARROW = 4.0, 0.1
TOLERANCE = 0.01  # of a sum of probabilities
PROBABILITIES = "categorical_crossentropy"


def unnormalised_input(evidence: Evidence) -> Finding | None:
    """What enters the first layer with weights is far too large, too faint, or far from 0."""
    entering = evidence.probe.input
    if entering is None:
        return None
    size = (entering.mean**2 + entering.deviation**2) ** 0.5
    numbers = {
        "layer": entering.layer,
        "mean": number(entering.mean),
        "deviation": number(entering.deviation),
        "low": number(entering.lowest),
        "high": number(entering.highest),
    }
    # Images come as 0 to 1: what is beyond that, the network's own layers have made.
    own = entering.highest > 1 or entering.lowest < 0
    if size > LARGE or (own and abs(entering.mean) > ASIDE * entering.deviation):
        seen, change = "diagnosis.seen.input_large", "diagnosis.change.input_large"
    elif entering.deviation < FAINT:
        seen, change = "diagnosis.seen.input_faint", "diagnosis.change.input_faint"
    else:
        return None
    return Finding("unnormalised_input", evidence.harm, say(seen, **numbers), say(change))


def bad_initialisation(evidence: Evidence) -> Finding | None:
    """Units that begin alike, or weights of a wrong size."""
    for layer in evidence.hidden:
        if layer.alike:
            seen = say("diagnosis.seen.initial_alike", layer=layer.layer, n=layer.units)
            return Finding("bad_initialisation", evidence.harm, seen, say("diagnosis.change.initial"))
    for layer in evidence.probe.before.layers:
        if not layer.fan_in or layer.normalised:  # normalised outputs are the same whatever the size of the weights
            continue
        usual = (2 / layer.fan_in) ** 0.5
        small = layer.weights < NARROW * usual and layer in evidence.hidden  # a last layer may well begin at 0
        if small or layer.weights > WIDE * usual:
            numbers = {"layer": layer.layer, "weights": number(layer.weights), "usual": number(usual)}
            seen = say("diagnosis.seen.initial_size", **numbers, times=number(layer.weights / usual))
            return Finding("bad_initialisation", evidence.harm, seen, say("diagnosis.change.initial"))
    return None


def wrong_loss(evidence: Evidence) -> Finding | None:
    """A last layer that gives no probabilities to a loss of probabilities; or a loss that is not one for classes."""
    loss = str(evidence.hyperparameters["loss"])
    low, high, lowest = evidence.probe.outputs
    if loss == PROBABILITIES and (lowest < 0 or high > 1 + TOLERANCE or low < 1 - TOLERANCE):
        numbers = {"low": number(low), "high": number(high), "lowest": number(lowest)}
        seen = say("diagnosis.seen.no_probabilities", **numbers)
        return Finding("wrong_loss", evidence.cost, seen, say("diagnosis.change.no_probabilities"))
    if loss == PROBABILITIES or evidence.harm == "note" or evidence.diverged is not None:
        return None
    accuracy = {"accuracy": f"{evidence.accuracy:.3f}", "guessing": f"{evidence.guessing:.3f}"}
    seen = say("diagnosis.seen.wrong_loss", loss=loss, **accuracy)
    change = say("diagnosis.change.wrong_loss")
    return Finding("wrong_loss", evidence.harm, seen, change, tuned(evidence, "loss", PROBABILITIES))

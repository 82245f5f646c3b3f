"""S11: the network of the book, on the bundled digits or on a file of MNIST digits."""

from __future__ import annotations

from minigrad.claims.claim import Claim, Fact
from minigrad.datasets import Splits
from minigrad.experiments import Classification
from minigrad.hyper import positive, tune

__all__ = ["settle"]

STEPS, BATCH, OUTER = 400, 10, 20
ETA, LAM = 0.5, 5.0  # as in the book's chapter 3, "Overfitting and regularization"


def settle(data: Splits | None = None) -> Claim:
    """Train sigmoid units with the cross-entropy from the book's values, then tune both.

    Parameters
    ----------
    data : Splits, optional
        Training, validation and test images, such as MNIST's; the bundled digits if left out.
    """
    experiment = Classification(data, hidden=(30,), steps=STEPS, batch=BATCH, activation="sigmoid")
    before = experiment.judge({"eta": ETA, "lam": LAM})
    tuned = tune(experiment.run, {"eta": positive(ETA), "lam": positive(LAM)}, OUTER)
    after = experiment.judge(tuned.values)
    sizes = "-".join(map(str, experiment.sizes))
    return Claim(
        number=11,
        statement="A question from chapter 3 of Michael Nielsen's Neural Networks and Deep "
        "Learning: sigmoid neurons, cross-entropy, regularised, on MNIST",
        facts=[
            Fact("network", sizes),
            Fact(f"training images; {STEPS} steps of {BATCH}", experiment.n),
            Fact(
                f"validation cost at the book's eta = {ETA}, lambda = {LAM}",
                before["validation"]["cost"],
            ),
            Fact(f"after {OUTER} outer steps", after["validation"]["cost"]),
            Fact("eta", float(tuned.values["eta"])),
            Fact("lambda", float(tuned.values["lam"])),
            Fact("test accuracy before", before["test"]["accuracy"]),
            Fact("test accuracy after", after["test"]["accuracy"]),
        ],
        verdict="true",
        why="his set-up runs as it stands, and gradient descent finds better values of both.",
        holds=after["validation"]["cost"] < before["validation"]["cost"]
        and after["test"]["accuracy"] > before["test"]["accuracy"],
    )

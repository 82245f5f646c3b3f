"""S3: the formula for dC/d lambda, term by term."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import nn, tree
from minigrad.claims.claim import Claim, Fact
from minigrad.experiments import Classification
from minigrad.hyper import Recorded, TrainingRun, explain, hypergradient, positive

__all__ = ["settle"]


def settle() -> Claim:
    """Take the cost with its penalty as the outer cost, and split its derivative in lambda."""
    experiment = Classification(steps=100)
    n = experiment.n

    def data_cost(params: Any, hypers: Any) -> Any:
        return experiment.cross_entropy(params, *experiment.data.train)

    def penalty(params: Any, hypers: Any) -> Any:
        return nn.regularised_cost(0.0, params, hypers["lam"], n)

    run = TrainingRun(
        init=experiment.init,
        step=experiment.step,
        cost=experiment.training_cost,
        steps=len(experiment.batches),
        batches=experiment.batches,
    )
    hypers = {"eta": positive(0.5), "lam": positive(5.0)}
    told = explain(run, hypers, parts={"C0": data_cost, "penalty": penalty})
    account = told["lam"]
    through_cost = float(sum(account.through["C0"].values()))
    through_penalty = float(sum(account.through["penalty"].values()))
    direct = float(account.direct_part)
    whole = float(hypergradient(run, hypers, Recorded()).gradient["lam"])
    # The two sums of the formula, from the weights and their derivative in lambda.
    weights, slopes = run.train(hypers), told.tangents["lam"]
    pairs = [(layer["w"], dot["w"]) for layer, dot in zip(weights, slopes, strict=True)]
    by_formula = 5.0 / (2 * n) * sum(float(np.sum(2 * w * w_dot)) for w, w_dot in pairs)
    squares = sum(float(np.sum(w * w)) for w, _ in pairs) / (2 * n)
    apart = abs(through_cost + through_penalty + direct - whole)
    return Claim(
        number=3,
        statement="dC/d lambda = dC0/d lambda + (lambda/2n) sum 2 w_i dw_i/d lambda + (1/2n) sum "
        "w_i^2; but how do we compute dw_i/d lambda?",
        facts=[
            Fact("dC0/d lambda, through the weights", through_cost),
            Fact("(lambda/2n) sum 2 w_i dw_i/d lambda, by reverse mode", through_penalty),
            Fact("the same, with dw_i/d lambda by forward mode", by_formula),
            Fact("(1/2n) sum w_i^2, the direct part", direct),
            Fact("the same, summed over the weights", squares),
            Fact("sum of the three terms", through_cost + through_penalty + direct),
            Fact("dC/d lambda by one sweep over the tape of the whole run", whole),
            Fact(
                "numbers dw_i/d lambda, carried forward beside the weights",
                sum(map(np.size, tree.leaves(slopes))),
            ),
        ],
        verdict="true",
        why="the formula holds term by term, and dw_i/d lambda is what forward mode carries along.",
        holds=apart < 1e-10 * abs(whole)
        and abs(by_formula - through_penalty) < 1e-9 * abs(through_penalty)
        and abs(squares - direct) < 1e-12 * direct,
    )

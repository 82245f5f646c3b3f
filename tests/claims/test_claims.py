"""Each statement is settled, by facts that bear its verdict out; and one that is not says so."""

import pytest

from minigrad import claims
from minigrad.claims import CLAIMS, Claim, Fact, crossing
from minigrad.cli import main
from tests.cli.conftest import strict


@pytest.fixture(scope="module")
def settled():
    """Settle all of them once; the clock runs wild, as it has no say in a verdict."""
    ticks = iter(range(10**9))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.perf_counter", lambda: float(next(ticks)) ** 2)
        return {number: claims.settle(number) for number in CLAIMS}


def value(claim, words):
    """Return the value of the one fact that has these words."""
    (found,) = [fact.value for fact in claim.facts if words in fact.what]
    return found


@pytest.mark.parametrize("number", CLAIMS)
def test_it_holds(settled, number):
    claim = settled[number]
    assert claim.number == number
    assert claim.holds, str(claim)
    assert claim.verdict in ("true", "false") or claim.verdict.startswith("true only if ")


@pytest.mark.parametrize("number", CLAIMS)
def test_its_lines_fit(settled, number):
    lines = str(settled[number]).splitlines()
    assert lines[0].startswith(f"S{number}  ")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("number", CLAIMS)
def test_its_json_has_the_same_facts(settled, number):
    told = settled[number].to_json()
    assert [fact["what"] for fact in told["facts"]] == [f.what for f in settled[number].facts]
    assert told["verdict"] == settled[number].verdict


def test_the_price_of_finite_differences_is_counted(settled):
    """By the tape one training and a way back, by differences two for each number and one."""
    assert value(settled[4], "derivatives by the tape") == 1
    assert value(settled[4], "for them by finite differences") == 2 * 51 + 1


def test_the_crossing_is_where_a_grid_has_more_trainings_than_the_descent_is_worth(settled):
    worth = crossing.OUTER * crossing.PRICE
    first = value(settled[6], "from which on the descent is cheaper")
    assert 5 ** (first - 1) < worth < 5**first
    assert value(settled[6], "by their arithmetic") == worth


DOCTORED = Claim(
    number=7,
    statement="The cost is not a function of eta",
    facts=[Fact("dC/d eta", float("inf")), Fact("steps", 3), Fact("verdict", "agree")],
    verdict="true",
    why="it is said so.",
    holds=False,
)


def test_facts_that_do_not_bear_it_out_are_told():
    assert "=> NOT SETTLED by these figures" in str(DOCTORED)
    assert "it is said so" not in str(DOCTORED)
    told = DOCTORED.to_json()
    assert (told["verdict"], told["holds"]) == ("not settled", False)
    assert [fact["value"] for fact in told["facts"]] == [None, 3, "agree"]


def test_the_command_is_1_if_one_is_not_settled(monkeypatch, capsys):
    assert main(["claims", "7", "S3"]) == 0
    out = capsys.readouterr().out
    assert out.index("S7  ") < out.index("S3  ")
    monkeypatch.setitem(CLAIMS, 7, lambda: DOCTORED)
    assert main(["claims", "3", "7", "--json"]) == 1
    third, seventh = strict(capsys.readouterr().out)["claims"]
    assert third["holds"]
    assert not seventh["holds"]


def test_there_are_eleven():
    assert list(CLAIMS) == list(range(1, 12))
    with pytest.raises(ValueError, match="numbered from 1 to 11, got 12"):
        claims.settle(12)

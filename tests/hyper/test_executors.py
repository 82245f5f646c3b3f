"""Any executor gives the costs of the plain loop, to the last bit, and loses no point."""

import multiprocessing
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from search_runs import DYING, FAILING, RUN, SLOW, batch, cost, init, step

import minigrad as mg
from minigrad.experiments import Classification
from minigrad.hyper import Failure, SearchError, SearchInterrupted
from minigrad.hyper.searching import workers

GRID = {"eta": [0.05, 0.3, 0.7, 2.5], "lam": np.array([0.0, 0.2, 1e200])}


@contextmanager
def threads():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@contextmanager
def processes():
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@contextmanager
def loky():
    joblib_loky = pytest.importorskip("joblib.externals.loky")
    pool = joblib_loky.get_reusable_executor(2)
    yield pool
    pool.shutdown(wait=True)


@contextmanager
def dask():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


EXECUTORS = {make.__name__: make for make in (threads, processes, loky, dask)}


@pytest.fixture(scope="module", params=EXECUTORS)
def executor(request):
    with EXECUTORS[request.param]() as made:
        yield made


def same(found, plain):
    assert found.points == plain.points
    assert found.costs.tobytes() == plain.costs.tobytes()


def test_a_grid_is_the_plain_loop_to_the_last_bit(executor):
    same(mg.grid_search(RUN, GRID, executor=executor), mg.grid_search(RUN, GRID))


def test_points_that_finish_out_of_order_are_returned_in_order(executor):
    grid = {"eta": [1.0, 0.1, 0.9, 0.05, 0.8, 0.02], "lam": 0.1}
    same(mg.grid_search(SLOW, grid, executor=executor), mg.grid_search(SLOW, grid))


def test_a_random_search_is_the_plain_loop_to_the_last_bit(executor):
    hypers = {"eta": mg.hyper.between(0.01, 1.0), "lam": mg.positive(0.1)}
    found = mg.random_search(RUN, hypers, 9, seed=4, executor=executor)
    same(found, mg.random_search(RUN, hypers, 9, seed=4))


def test_descents_from_many_starts_are_those_of_the_plain_loop(executor):
    hypers = {"eta": mg.hyper.between(0.01, 1.0), "lam": mg.unit_interval(0.1)}
    found = mg.multistart(RUN, hypers, 3, outer_steps=3, method="stored", executor=executor)
    plain = mg.multistart(RUN, hypers, 3, outer_steps=3, method="stored")
    assert found.starts == plain.starts
    assert [d.values for d in found.descents] == [d.values for d in plain.descents]
    for one, other in zip(found.descents, plain.descents, strict=True):
        assert one.costs.tobytes() == other.costs.tobytes()


def test_the_digits_train_in_the_workers_as_they_do_here(executor):
    run, grid = Classification(steps=6).run, {"eta": [0.1, 0.5], "lam": [0.1, 1.0]}
    same(mg.grid_search(run, grid, executor=executor), mg.grid_search(run, grid))


def test_a_failed_point_is_named_and_the_others_are_kept(executor):
    grid = {"eta": [0.1, 2.0, 0.5], "lam": 0.1}
    with pytest.raises(SearchError, match=r"1 of 3 failed.*'eta': 2\.0.*two is too much") as caught:
        mg.grid_search(FAILING, grid, executor=executor)
    result = caught.value.result
    assert [*result.failures] == [1]
    assert "fails_at_two" in result.failures[1].traceback
    assert "fails_at_two" in caught.value.__notes__[0]
    expected = mg.grid_search(RUN, {**grid, "eta": [0.1, 0.5]}).costs
    assert np.array_equal(result.costs, [expected[0], np.nan, expected[1]], equal_nan=True)
    assert result.best in (0, 2)


def test_a_worker_that_dies_takes_no_finished_point_with_it():
    grid = {"eta": [0.1, 0.2, 0.3, 0.4, 0.5, 2.0], "lam": 0.1}
    with processes() as pool, pytest.raises(SearchError) as caught:
        mg.grid_search(DYING, grid, executor=pool)
    result, plain = caught.value.result, mg.grid_search(RUN, grid)
    assert "BrokenProcessPool" in result.failures[5].error
    for k in range(6):
        assert (result.costs[k] == plain.costs[k]) != (k in result.failures)


def test_progress_tells_of_each_point_once(executor):
    news = []
    found = mg.grid_search(RUN, GRID, executor=executor, callback=news.append)
    assert [each.done for each in news] == [*range(1, 13)]
    assert {each.total for each in news} == {12}
    told = sorted((str(point), float(cost).hex()) for point, cost in (n.detail for n in news))
    asked = zip(map(str, found.points), found.costs, strict=True)
    assert told == sorted((point, float(cost).hex()) for point, cost in asked)


def test_a_failure_is_told_of_too():
    news = []
    with pytest.raises(SearchError):
        mg.grid_search(FAILING, {"eta": [2.0], "lam": 0.1}, callback=news.append)
    assert isinstance(news[0].detail, Failure)
    assert "two is too much" in news[0].text


class Inline(Executor):
    """Does everything at once, each task in a worker of its own, and counts what it is sent."""

    def __init__(self, workers=1, one_worker=False):
        self._max_workers, self.one_worker = workers, one_worker
        self.sent = []

    def submit(self, function, /, *args):
        if not self.one_worker:
            workers._runs.clear()
        self.sent.append(sum(isinstance(a, bytes) for a in args))
        future = Future()
        try:
            future.set_result(function(*args))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture
def no_runs_kept():
    workers._runs.clear()
    yield
    workers._runs.clear()


@pytest.mark.usefixtures("no_runs_kept")
def test_the_run_travels_once_to_a_worker():
    pool = Inline(one_worker=True)
    same(mg.grid_search(RUN, GRID, executor=pool), mg.grid_search(RUN, GRID))
    assert pool.sent == [1] + [0] * 11


@pytest.mark.usefixtures("no_runs_kept")
def test_a_worker_that_was_not_sent_the_run_is_sent_it():
    pool = Inline()
    same(mg.grid_search(RUN, GRID, executor=pool), mg.grid_search(RUN, GRID))
    assert pool.sent == [1] + [0] * 11 + [1] * 11


@pytest.mark.usefixtures("no_runs_kept")
def test_a_worker_keeps_few_runs():
    for steps in range(1, 6):
        run = mg.TrainingRun(init=init, step=step, cost=cost, steps=steps, batches=batch)
        mg.grid_search(run, {"eta": [0.1], "lam": 0.1}, executor=Inline(one_worker=True))
    assert len(workers._runs) == workers.KEPT


def test_what_can_not_be_pickled_is_named_before_any_work():
    run = mg.TrainingRun(init=init, step=lambda w, h, b: w, cost=lambda w, h: 0.0, steps=1)
    pool = Inline()
    for search in (
        lambda: mg.grid_search(run, {"eta": [0.1]}, executor=pool),
        lambda: mg.random_search(run, {"eta": mg.positive(0.1)}, 2, executor=pool),
        lambda: mg.multistart(run, {"eta": mg.positive(0.1)}, 2, executor=pool),
    ):
        with pytest.raises(TypeError, match=r"step and cost can't be pickled.*top level"):
            search()
    assert not pool.sent


def test_threads_need_no_pickle():
    w = np.array(1.0)
    run = mg.TrainingRun(init=lambda h: w, step=lambda w, h, b: w * h, cost=lambda w, h: w, steps=2)
    with threads() as pool:
        assert mg.grid_search(run, [2.0, 3.0], executor=pool).costs.tolist() == [4.0, 9.0]


def test_a_run_that_can_not_be_put_together_says_what_to_do(monkeypatch):
    def refuse(data):
        raise AttributeError("no step in __main__")

    monkeypatch.setattr(workers.pickle, "loads", refuse)
    workers._runs.clear()
    with pytest.raises(SearchError, match="no step in __main__") as caught:
        mg.grid_search(RUN, {"eta": [0.1], "lam": 0.1}, executor=Inline())
    assert "a module that the worker can import" in caught.value.result.failures[0].traceback


def test_an_executor_that_is_shut_down_fails_each_point():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(SearchError, match=r"3 of 3 failed.*shutdown"):
        mg.grid_search(RUN, {"eta": [0.1, 0.2, 0.3], "lam": 0.1}, executor=pool)


def test_what_is_no_executor_is_refused():
    with pytest.raises(TypeError, match="get_executor"):
        mg.grid_search(RUN, GRID, executor=4)


def interrupt_after(n):
    def callback(news):
        if news.done == n:
            raise KeyboardInterrupt

    return callback


def test_an_interrupted_search_keeps_what_is_done_and_cancels_the_rest(executor):
    with pytest.raises(SearchInterrupted, match="after 2 of 12") as caught:
        mg.grid_search(RUN, GRID, executor=executor, callback=interrupt_after(2))
    result, plain = caught.value.result, mg.grid_search(RUN, GRID)
    same_point = [a == b for a, b in zip(result.costs, plain.costs, strict=True)]
    assert sum(same_point) == np.sum(~np.isnan(result.costs)) <= 2
    assert result.points == plain.points


class Never(Executor):
    """Keeps every task waiting but the first."""

    def __init__(self):
        self.futures = []

    def submit(self, function, /, *args):
        future = Future()
        if not self.futures:
            future.set_result(function(*args))
        self.futures.append(future)
        return future


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_is_pending_is_cancelled(error):
    def callback(news):
        raise error("enough")

    pool = Never()
    with pytest.raises(error):
        mg.grid_search(RUN, GRID, executor=pool, callback=callback)
    assert [future.cancelled() for future in pool.futures] == [False] + [True] * 11


def test_an_interrupt_in_the_plain_loop_keeps_what_is_done():
    with pytest.raises(SearchInterrupted) as caught:
        mg.grid_search(RUN, {"eta": [0.1, 0.2, 0.3], "lam": 0.1}, callback=interrupt_after(2))
    assert np.isnan(caught.value.result.costs).tolist() == [False, False, True]

"""The trials of a search in Optuna's store: a file beside the model, or a database that several machines share.

Each trial that is wanted has a key: "3" is the third trial of the search, "3.2" the second training of its setting. A
trial counts once it is finished, pruned, or failed for a reason. One that was cut off does not, and its key is free
again. Whoever takes a key asks Optuna for it; should two ask at once, the lower number in the store has it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from filelock import FileLock, Timeout
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from cnnproj.errors import CnnprojError
from cnnproj.models import Value

STORE, LOCK = "trials.db", ".trials.lock"
HEARTBEAT, GRACE = 10, 60  # seconds: how often a worker says that it lives, and after how many without it is dead

optuna.logging.set_verbosity(optuna.logging.ERROR)

Objective = Callable[[optuna.Trial, str], float]


class Trials:
    """The trials of one search.

    Attributes:
        study: Optuna's.
        others: how many trials of other searches the store holds: of another space, other images or settings.
    """

    def __init__(self, study: optuna.Study, others: int) -> None:
        self.study, self.others = study, others

    @property
    def live(self) -> list[FrozenTrial]:
        """All that count, run or wait; not those that were cut off, and of several with one key the first."""
        first: dict[str, FrozenTrial] = {}
        for trial in self.study.get_trials(deepcopy=False):
            if "key" in trial.user_attrs and (trial.state != TrialState.FAIL or "reason" in trial.user_attrs):
                first.setdefault(trial.user_attrs["key"], trial)
        return list(first.values())

    @property
    def done(self) -> dict[str, FrozenTrial]:
        """Those that count, by key."""
        return {trial.user_attrs["key"]: trial for trial in self.live if trial.state.is_finished()}

    def take(
        self,
        wanted: Mapping[str, Mapping[str, Value]],
        sampler: Callable[[str], optuna.samplers.BaseSampler],
        objective: Objective,
    ) -> bool:
        """Do one trial of ``wanted``, if there is one that nobody has; ``objective`` gives its value.

        Args:
            wanted: by key, the hyperparameters that are fixed beforehand; the rest is drawn.
            sampler: what draws the trial with that key.
            objective: may raise ``optuna.TrialPruned``, or ``CnnprojError`` after it has set the trial's ``reason``.

        Returns:
            Whether there was one.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.storages.fail_stale_trials(self.study)
        live = {trial.user_attrs["key"]: trial.state for trial in self.live}
        waiting = [key for key, state in live.items() if state == TrialState.WAITING]
        free = [key for key in wanted if key not in live]
        if not waiting:
            if not free:
                return False
            self.study.enqueue_trial(dict(wanted[free[0]]), user_attrs={"key": free[0]})
        self.study.sampler = sampler((waiting or free)[0])

        came_to_its_end: list[int] = []

        def do(trial: optuna.Trial) -> float:
            key = trial.user_attrs.get("key")
            if key not in wanted or all(trial.number != one.number for one in self.live):
                raise _NotMine
            value = objective(trial, key)
            came_to_its_end.append(trial.number)
            return value

        try:
            self.study.optimize(do, n_trials=1, catch=(CnnprojError, _NotMine))
        except optuna.exceptions.UpdateFinishedTrialError:
            pass  # this worker slept so long that it was taken for dead: the trial is another's now
        except (ValueError, AssertionError):  # so Optuna says the same at the end of a trial
            trials = self.study.get_trials(deepcopy=False)
            if not came_to_its_end or trials[came_to_its_end[0]].state != TrialState.FAIL:
                raise
        return True


class _NotMine(Exception):
    """The trial that Optuna gave was taken by another worker before."""


@contextmanager
def open_trials(folder: Path, storage: str | None, name: str, identity: str) -> Iterator[Trials]:
    """The trials of the search ``identity`` of the model ``name``.

    Args:
        folder: where the file with the trials is, unless they are in a database.
        storage: the address of the database; its password is left to PostgreSQL's own PGPASSWORD or ~/.pgpass.
        name: of the model.
        identity: a digest of all that must be the same for trials to be comparable.

    Raises:
        CnnprojError: where the store cannot be used, or another process has the file.
    """
    title = f"{name} {identity}"
    if storage is not None:
        with _told(storage), _closing(_database(storage)) as store:
            yield _open(store, title, name)
        return
    path = folder / STORE
    try:
        with FileLock(folder / LOCK, timeout=0), _told(str(path)), _closing(_file(folder)) as store:
            trials = _open(store, title, name)
            for trial in trials.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                trials.study.tell(trial.number, state=TrialState.FAIL)  # whoever ran it is gone, or would have the lock
            yield trials
    except Timeout:
        raise CnnprojError("tuning.taken", model=name, folder=folder) from None


def look(folder: Path, storage: str | None, name: str, identity: str) -> dict[str, FrozenTrial]:
    """The trials that count so far, by key, also while others work on them; nothing is changed.

    Raises:
        CnnprojError: where there is no such search yet, or the store cannot be used.
    """
    title = f"{name} {identity}"
    with _told(storage or str(folder / STORE)):
        if storage is None and not (folder / STORE).is_file():
            raise CnnprojError("tuning.no_trials", model=name)
        with _closing(_database(storage) if storage else _file(folder)) as store:
            if title not in optuna.get_all_study_names(store):
                raise CnnprojError("tuning.no_trials", model=name)
            done = Trials(optuna.load_study(study_name=title, storage=store), 0).done
    if not done:
        raise CnnprojError("tuning.no_trials", model=name)
    return done


@contextmanager
def _closing(store: optuna.storages.RDBStorage) -> Iterator[optuna.storages.RDBStorage]:
    try:
        yield store
    finally:
        store.remove_session()
        store.engine.dispose()


def _file(folder: Path) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(URL.create("sqlite", database=str(folder / STORE)).render_as_string())


def _database(address: str) -> optuna.storages.RDBStorage:
    try:
        import psycopg  # noqa: F401 - the driver, by which SQLAlchemy is to speak
    except ImportError:
        raise CnnprojError("tuning.no_driver") from None
    url = make_url(address).set(drivername="postgresql+psycopg")
    with warnings.catch_warnings(), _one_at_a_time(url):
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(
            url.render_as_string(hide_password=False),
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            engine_kwargs={"pool_pre_ping": True},
        )


@contextmanager
def _one_at_a_time(url: URL) -> Iterator[None]:
    """Whoever opens a new database makes Optuna's tables there; workers that start together wait for the first."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('cnnproj'))"))
        yield


def _open(storage: optuna.storages.RDBStorage, title: str, name: str) -> Trials:
    study = optuna.create_study(study_name=title, storage=storage, direction="maximize", load_if_exists=True)
    found = optuna.get_all_study_summaries(storage, include_best_trial=False)
    others = sum(one.n_trials for one in found if one.study_name.startswith(f"{name} ") and one.study_name != title)
    return Trials(study, others)


@contextmanager
def _told(store: str) -> Iterator[None]:
    """Whatever the store's library has to complain of, as one sentence."""
    try:
        yield
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "optuna" not in str(error).lower():
            raise
        cause = error.__cause__ or error
        raise CnnprojError("tuning.store", store=store, reason=str(cause).strip().splitlines()[0]) from error


def running_best(values: Mapping[int, float]) -> dict[int, float]:
    """Of each epoch the best of ``values`` until then."""
    best, course = float("-inf"), {}
    for epoch, value in sorted(values.items()):
        best = max(best, value)
        course[epoch] = best
    return course


def in_order(done: Mapping[str, FrozenTrial]) -> Sequence[FrozenTrial]:
    """The trials of the search proper, without repeats, in the order in which they were wanted."""
    return [done[key] for key in sorted((key for key in done if "." not in key), key=int)]

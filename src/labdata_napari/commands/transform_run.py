"""``labdata-napari transform run``: compute transforms, here or on a cluster."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labdata_napari.commands.brains import brains_of, in_words
from labdata_napari.commands.command import Command, connect_to
from labdata_napari.commands.telling import Telling, name_of
from labdata_napari.commands.transform_arguments import add_arguments, parameters_for
from labdata_napari.errors import InvalidValue, LabdataError, NotFound

if TYPE_CHECKING:
    import argparse

    from labdata_napari.core.transform_parameters import TransformParameters
    from labdata_napari.lab.compute_settings import ComputeSettings

Key = dict[str, Any]


@dataclass(frozen=True)
class _Wanted:
    """A transform to compute; its parameters are new while there is no number."""

    brain: Key
    parameters: TransformParameters
    number: int | None = None


def _run(arguments: argparse.Namespace) -> None:
    from labdata_napari.lab.compute_settings import ComputeSettings

    if arguments.processes is not None and arguments.processes < 1:
        raise InvalidValue("--processes takes a number from 1 on.")
    if arguments.processes is not None and arguments.dask is not None:
        raise InvalidValue(
            "Give --processes, for this computer, or --dask, for a cluster, not both."
        )
    settings = ComputeSettings(
        hemisphere=arguments.hemisphere,
        mode=arguments.mode,
        ome_zarr=arguments.ome_zarr,
    )
    with connect_to(arguments) as lab:
        brains = brains_of(lab, arguments)
        wanted, hemisphere = _wanted(lab, brains, arguments)
        if hemisphere is not None and settings.hemisphere is None:
            settings = replace(settings, hemisphere=hemisphere)
        if not wanted:
            print(_nothing_to_do(lab, brains))
        elif arguments.dry_run:
            for one in wanted:
                print(_foretold(lab, one))
        else:
            _check(lab, wanted, arguments)
            keys = _left(lab, [_stored(lab, one) for one in wanted])
            if keys:
                _compute(lab, keys, arguments, settings)


def _wanted(
    lab: Any, brains: list[Key], arguments: argparse.Namespace
) -> tuple[list[_Wanted], str | None]:
    wanted, half = [], None
    for brain in brains:
        parameters, half = parameters_for(lab, brain, arguments)
        if parameters is None:
            return _waiting(lab, brains, arguments.transform), None
        if len(brains) > 1 and arguments.um is None and arguments.preset is None:
            raise InvalidValue(
                f"These parameters are for one brain and {len(brains)} were named; "
                "give --subject, --session and --dataset."
            )
        wanted.append(_Wanted(brain, parameters))
    return wanted, half


def _waiting(lab: Any, brains: list[Key], number: int | None) -> list[_Wanted]:
    records = [record for key in brains for record in lab.brains.transforms(key)]
    if number is not None:
        records = [record for record in records if record.transform_id == number]
        if not records:
            raise NotFound(
                f"None of these brains has transform parameters {number}; see "
                "'labdata-napari transform list'."
            )
    waiting = []
    for record in records:
        if not record.computed:
            if record.parameters is None:
                raise InvalidValue(f"{name_of(record.key)}: {record.problem}")
            brain = {n: v for n, v in record.key.items() if n != "transform_id"}
            waiting.append(_Wanted(brain, record.parameters, record.transform_id))
    return waiting


def _nothing_to_do(lab: Any, brains: list[Key]) -> str:
    if any(lab.brains.transforms(key) for key in brains):
        return "Every transform is computed."
    return (
        "There are no transform parameters yet; give some, such as --um 25 or "
        "--downsample 1 1 0.5 0.5."
    )


def _foretold(lab: Any, one: _Wanted) -> str:
    from labdata_napari.core.estimate import estimate, measured_speed
    from labdata_napari.core.transform import plan

    stack = lab.brains.open(one.brain)
    geometry = plan(stack.shape, stack.um_per_pixel, one.parameters)
    return (
        f"{_name_of(one)}: {estimate(stack, geometry, speed=measured_speed()).words()}"
    )


def _check(lab: Any, wanted: list[_Wanted], arguments: argparse.Namespace) -> None:
    """Find what cannot be done before rows are written for it."""
    from labdata_napari.core.exact import exact_plan
    from labdata_napari.core.transform import plan

    planned = exact_plan if arguments.mode == "labdata" else plan
    for one in wanted:
        if one.number is None:
            stack = lab.brains.open(one.brain)
            try:
                planned(stack.shape, stack.um_per_pixel, one.parameters)
            except InvalidValue as error:
                raise InvalidValue(f"{_name_of(one)}: {error}") from error
    if arguments.dask is not None:
        from labdata_napari.lab.dask_tasks import check_scheduler

        check_scheduler(arguments.dask)


def _name_of(one: _Wanted) -> str:
    number = "new" if one.number is None else str(one.number)
    return "/".join([*one.brain.values(), number])


def _stored(lab: Any, one: _Wanted) -> Key:
    number = one.number
    if number is None:
        number = lab.brains.add_transform_parameters(one.brain, one.parameters)
    return {**one.brain, "transform_id": number}


def _left(lab: Any, keys: list[Key]) -> list[Key]:
    """Say of what is asked for again that it is there; return the rest."""
    left = []
    for key in keys:
        record = _record(lab, key)
        if record.computed:
            print(f"{name_of(key)}, computed before: {in_words(record)}.")
        else:
            left.append(key)
    return left


def _record(lab: Any, key: Key) -> Any:
    records = lab.brains.transforms(key)
    return next(r for r in records if r.transform_id == key["transform_id"])


def _compute(
    lab: Any,
    keys: list[Key],
    arguments: argparse.Namespace,
    settings: ComputeSettings,
) -> None:
    def describe(key: Key) -> str:
        record = _record(lab, key)
        if not record.computed:
            return in_words(record)
        if record.local:
            path = lab.files.locate(record.file_path, record.storage)
            return f"{in_words(record)}, in '{path}'."
        return f"{in_words(record)}, in '{record.file_path}' of {record.storage}."

    telling = Telling(describe, tells_failures=len(keys) > 1)
    with contextlib.closing(telling):
        failed = _carried_out(lab, keys, arguments, settings, telling)
    if failed and len(keys) > 1:
        raise LabdataError(
            f"{len(failed)} of {len(keys)} transforms were not computed."
        )
    if failed:
        key, error = failed[0]
        raise LabdataError(f"{name_of(key)}: {error}") from error


def _carried_out(
    lab: Any,
    keys: list[Key],
    arguments: argparse.Namespace,
    settings: ComputeSettings,
    telling: Telling,
) -> list[Any]:
    """Compute; return what failed."""
    from labdata_napari.lab.populating import populate
    from labdata_napari.lab.reaching import reach_of

    if arguments.dask is not None:
        from labdata_napari.lab.dask_tasks import compute_on_dask

        reach = reach_of(lab, with_password=False)
        done = compute_on_dask(arguments.dask, reach, keys, settings, telling)
        return list(done.failed)
    if arguments.processes is not None and len(keys) > 1:
        from labdata_napari.commands.processes import compute_in_processes

        reach = reach_of(lab, with_password=True)
        return compute_in_processes(arguments.processes, reach, keys, settings, telling)
    done = populate(
        lab, keys, listener=telling, settings=settings, suppress_errors=True
    )
    return list(done.failed)


RUN = Command("run", "Compute transforms", add_arguments, _run)

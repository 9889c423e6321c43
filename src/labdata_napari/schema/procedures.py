"""What was done to subjects: surgery, weighing, watering, death."""

from __future__ import annotations

import datajoint as dj

from labdata_napari.schema.template import table


@table("data")
class Weighing(dj.Manual):
    """The weight of a subject at one time."""

    definition = """
    # the weight of a subject at one time
    -> Subject
    weighing_datetime : datetime    # when it was weighed
    ---
    weight : float32                # g
    """


@table("data")
class ProcedureType(dj.Lookup):
    """The kinds of things that are done to subjects."""

    definition = """
    # a kind of procedure
    procedure_type : varchar(52)    # such as craniotomy or handling
    """


@table("data")
class Procedure(dj.Manual):
    """Something done to a subject, when and by whom.

    Attributes
    ----------
    procedure_metadata
        Dictionary of whatever the kind of procedure needs, such as coordinates.
    """

    definition = """
    # something done to a subject
    -> Subject
    -> ProcedureType
    procedure_datetime : datetime           # when it began
    ---
    -> LabMember
    procedure_metadata=null : <blob>        # dictionary of details
    -> [nullable] Weighing
    -> [nullable] Note
    """


@table("data")
class Watering(dj.Manual):
    """Water that a subject got at one time.

    Attributes
    ----------
    water_volume
        µL by labdata's documentation; some labs keep mL, so look at the numbers.
    """

    definition = """
    # water that a subject got
    -> Subject
    watering_datetime : datetime    # when it got it
    ---
    water_volume : float32          # uL (mL in some labs)
    """


@table("data")
class WaterRestriction(dj.Manual):
    """A stretch of days on which a subject's water was measured out."""

    definition = """
    # days on which the water of a subject was measured out
    -> Subject
    water_restriction_start_date : date     # first day
    ---
    -> LabMember
    water_restriction_end_date : date       # last day
    -> Weighing
    """


@table("data")
class Death(dj.Manual):
    """When a subject died."""

    definition = """
    # when a subject died
    -> Subject
    ---
    death_date : datetime       # when it died
    -> [nullable] Note
    """

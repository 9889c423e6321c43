"""Behaviour: decisions made trial by trial."""

from __future__ import annotations

import datajoint as dj

from labdata_napari.schema.template import table


@table("computed")
class DecisionTask(dj.Imported):
    """How a subject did in a session of a decision task, counted in trials."""

    definition = """
    # how a subject did in a session of a decision task
    -> Dataset
    ---
    n_total_trials : int32                  # trials, of any kind
    n_total_assisted=null : int32           # trials in which it was helped
    n_total_performed=null : int32          # trials it did by itself
    n_total_initiated=null : int32          # trials it began
    n_total_with_choice=null : int32        # trials it began and answered
    n_total_rewarded=null : int32           # trials that ended in a reward
    n_total_punished=null : int32           # trials that ended in a penalty
    -> [nullable] Watering
    """

    class TrialSet(dj.Part):
        """The trials of one condition, which may be interleaved with others.

        Attributes
        ----------
        trial_num, initiation_times, assisted, response_values, correct_values, \
intensity_values, reaction_times, block_values
            (n_trials,) arrays; one value for each trial, times in s.
        """

        definition = """
        # the trials of one condition
        -> master
        trialset_description : varchar(54)      # condition, such as visual
        ---
        n_trials : int32                        # trials in the set
        n_performed : int32                     # trials it did by itself
        n_with_choice : int32                   # of these, answered
        n_correct : int32                       # of these, right
        performance_easy=null : float32         # fraction right, easiest stimuli
        performance=null : float32              # fraction right, all stimuli
        trial_num : <blob>                      # number of each trial in session
        initiation_times=null : <blob>          # s, trial start to stimulus
        assisted=null : <blob>                  # 1 where it was helped
        response_values=null : <blob>           # side chosen; 0 for no answer
        correct_values=null : <blob>            # 1 where it was right
        intensity_values=null : <blob>          # strength of the stimulus
        reaction_times=null : <blob>            # s, go signal to answer
        block_values=null : <blob>              # block each trial belongs to
        """

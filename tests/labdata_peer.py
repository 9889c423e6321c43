"""Run labdata 0.1.25 in a process of its own and answer to requests.

Started by `peers` with the interpreter of ``.venv-labdata``; nothing of ours is
imported but `plain`. A request is a line of JSON on standard input,
``{"do": <name>, ...}``; so is an answer, on what was standard output. What labdata
prints goes to standard error, and its errors end the process.
"""

from __future__ import annotations

import json
import os
import sys

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import labdata.rules.imaging  # noqa: E402
import labdata.schema  # noqa: E402  declares the tables that are not there
import numpy as np  # noqa: E402

import plain  # noqa: E402


def table(name):
    found = labdata.schema
    for part in name.split("."):
        found = getattr(found, part)
    return found


def local_paths(folders):
    """Where labdata looks for files from now on."""
    labdata.schema.prefs["local_paths"][:] = folders


own_schema = labdata.schema


def project(name):
    """Go on with the tables of a project, made if need be; without, the lab's own."""
    if name is None:
        labdata.schema = own_schema
        return
    labdata.schema = labdata.utils.load_project_schema(name)
    # else it would be in the settings from now on
    labdata.schema.prefs["database"].pop("database.project")


def storages(entries, endpoint):
    """Write into the settings where the storages are; labdata encrypts their keys.

    It asks AWS whatever the settings say, unless the environment names a server.
    """
    os.environ["AWS_ENDPOINT_URL_S3"] = endpoint
    prefs = labdata.schema.prefs
    prefs["storage"] = entries
    labdata.utils.encrypt_preference_keys(prefs)
    labdata.utils.save_labdata_preferences(prefs, labdata.utils.LABDATA_FILE)


def upload(storage, dataset, file_paths):
    """Upload files of the first local path, as the computer of a setup has it done."""
    jobs = table("UploadJob")()
    jobs.insert1({"job_rule": "default", "upload_storage": storage, **dataset})
    job = int(jobs.fetch("job_id").max())
    folder = labdata.schema.prefs["local_paths"][0]
    files = [labdata.rules.utils._checksum_files(path, folder) for path in file_paths]
    jobs.AssignedFiles().insert([{"job_id": job, **file} for file in files])
    labdata.rules.UploadRule(job).apply()
    return (jobs & {"job_id": job}).fetch1("job_log")


def upload_files(sources, dataset):
    """Store results and add their rows; their keys."""
    return table("AnalysisFile")().upload_files(sources, dataset)


def name_of(name):
    return table(name).full_table_name


def insert(name, rows):
    rows = [plain.from_plain(row) for row in rows]
    direct = {} if "." in name else {"allow_direct_insert": True}
    table(name).insert(rows, **direct)


def fetch(name, key):
    rows = (table(name)() & key).fetch(as_dict=True, order_by="KEY")
    return [plain.to_plain(row) for row in rows]


def write_stack(path, pixels):
    """Write a stack as labdata's upload of a recording does."""
    stack = plain.from_plain(pixels)
    labdata.rules.imaging.compress_imaging_stack(stack, path, chunksize=4)


def populate(name, key):
    table(name).populate(key)


def get(name, key, how):
    """Pixels of what is selected, as labdata reads them."""
    return plain.to_plain(np.asarray((table(name)() & key).get(**how)))


def opened_as(name, key):
    """Kind of what ``get`` gives, or why it gives nothing."""
    try:
        return type((table(name)() & key).get()).__name__
    except ValueError as error:
        return str(error)


def paths(name, key, download):
    return [str(path) for path in (table(name)() & key).get(download=download)]


def delete(name, key):
    (table(name)() & key).delete(safemode=False, force_parts=True)


def local_and_missing(name, key):
    local, missing = (table(name)() & key).check_if_files_local()
    return [[str(path) for path in local], missing]


def synced(key, method):
    """Events of the selected lines, on the clock."""
    lines = labdata.schema.DatasetEvents.Digital() & key
    return [plain.to_plain(row) for row in lines.fetch_synced(method=method)]


def export_labeling(number):
    """Files and the table of labels that DeepLabCut would get."""
    chosen = table("PoseEstimationLabelSet")() & {"pose_label_set_num": number}
    folder, _, _ = chosen.export_labeling()
    [file] = folder.glob("CollectedData_*.h5")
    labels = labdata.schema.video.read_labeling_file(file)
    return {
        "file": str(file),
        "columns": [list(column) for column in labels.columns],
        "pictures": [row[-1] for row in labels.index],
        "values": plain.to_plain(labels.to_numpy()),
    }


def update_labeling(number, file, values):
    """Put other values into an exported file and write them back, as after napari."""
    labels = labdata.schema.video.read_labeling_file(file)
    labels.loc[:, :] = plain.from_plain(values)
    labels.to_hdf(file, key="df_with_missing", mode="w")
    chosen = table("PoseEstimationLabelSet")() & {"pose_label_set_num": number}
    return chosen.update_labeling(file)


ACTIONS = (
    local_paths,
    project,
    storages,
    upload,
    upload_files,
    name_of,
    insert,
    fetch,
    delete,
    write_stack,
    populate,
    get,
    opened_as,
    paths,
    local_and_missing,
    synced,
    export_labeling,
    update_labeling,
)


def main():
    known = {action.__name__: action for action in ACTIONS}
    print(json.dumps(labdata.VERSION), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = known[request.pop("do")](**request)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

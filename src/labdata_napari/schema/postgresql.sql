-- Written by scripts/snapshot.py from the definitions in this folder.
CREATE SCHEMA lab_data;
CREATE SCHEMA lab_data_computed;
CREATE TYPE lab_data.enum_accf898d AS ENUM (
    'mean',
    'std',
    'var',
    'max'
);
CREATE TYPE lab_data.enum_e54fc739 AS ENUM (
    'M',
    'F',
    'U'
);
CREATE TABLE lab_data."#dataset_type" (
    dataset_type character varying(32) NOT NULL
);
COMMENT ON TABLE lab_data."#dataset_type" IS 'a kind of data';
COMMENT ON COLUMN lab_data."#dataset_type".dataset_type IS ':varchar(32):such as two-photon or fixed-brain';
CREATE TABLE lab_data."#procedure_type" (
    procedure_type character varying(52) NOT NULL
);
COMMENT ON TABLE lab_data."#procedure_type" IS 'a kind of procedure';
COMMENT ON COLUMN lab_data."#procedure_type".procedure_type IS ':varchar(52):such as craniotomy or handling';
CREATE TABLE lab_data."#setup" (
    setup_name character varying(54) NOT NULL,
    setup_location character varying(255),
    setup_description character varying(512) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data."#setup" IS 'a rig or microscope';
COMMENT ON COLUMN lab_data."#setup".setup_name IS ':varchar(54):what it is called in the lab';
COMMENT ON COLUMN lab_data."#setup".setup_description IS ':varchar(512):what it consists of';
CREATE TABLE lab_data."#setup_location" (
    setup_location character varying(255) NOT NULL
);
COMMENT ON TABLE lab_data."#setup_location" IS 'a room where setups stand';
COMMENT ON COLUMN lab_data."#setup_location".setup_location IS ':varchar(255):building and room';
CREATE TABLE lab_data."#species" (
    species_name character varying(32) NOT NULL,
    species_scientific_name character varying(56) NOT NULL,
    species_description character varying(256) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data."#species" IS 'a species';
COMMENT ON COLUMN lab_data."#species".species_name IS ':varchar(32):everyday name, such as mouse';
COMMENT ON COLUMN lab_data."#species".species_scientific_name IS ':varchar(56):Latin name';
COMMENT ON COLUMN lab_data."#species".species_description IS ':varchar(256):anything worth knowing';
CREATE TABLE lab_data."#strain" (
    strain_name character varying(56) NOT NULL,
    species_name character varying(32) NOT NULL,
    strain_description character varying(256) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data."#strain" IS 'a strain or line of animals';
COMMENT ON COLUMN lab_data."#strain".strain_name IS ':varchar(56):name as the supplier gives it';
COMMENT ON COLUMN lab_data."#strain".strain_description IS ':varchar(256):genotype, source';
CREATE TABLE lab_data.__ephys_recording_noise_stats (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    channel_median bytea,
    channel_max bytea,
    channel_min bytea,
    channel_peak_to_peak bytea,
    channel_mad bytea
);
COMMENT ON TABLE lab_data.__ephys_recording_noise_stats IS 'how noisy each channel was, beginning and end';
COMMENT ON COLUMN lab_data.__ephys_recording_noise_stats.channel_median IS ':<blob>:uV, (n_channels, 2)';
COMMENT ON COLUMN lab_data.__ephys_recording_noise_stats.channel_max IS ':<blob>:uV, (n_channels, 2)';
COMMENT ON COLUMN lab_data.__ephys_recording_noise_stats.channel_min IS ':<blob>:uV, (n_channels, 2)';
COMMENT ON COLUMN lab_data.__ephys_recording_noise_stats.channel_peak_to_peak IS ':<blob>:uV, (n_channels, 2)';
COMMENT ON COLUMN lab_data.__ephys_recording_noise_stats.channel_mad IS ':<blob>:uV, median absolute deviation';
CREATE TABLE lab_data._dataset_events (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    stream_name character varying(54) NOT NULL,
    stream_time bytea
);
COMMENT ON TABLE lab_data._dataset_events IS 'a stream of events or samples recorded with a dataset';
COMMENT ON COLUMN lab_data._dataset_events.stream_name IS ':varchar(54):device or file that recorded it';
COMMENT ON COLUMN lab_data._dataset_events.stream_time IS ':<blob>:s, of each analog sample, own clock';
CREATE TABLE lab_data._dataset_events__analog_channel (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    stream_name character varying(54) NOT NULL,
    channel_name character varying(54) NOT NULL,
    channel_values bytea
);
COMMENT ON TABLE lab_data._dataset_events__analog_channel IS 'one analog channel';
COMMENT ON COLUMN lab_data._dataset_events__analog_channel.channel_name IS ':varchar(54):channel';
COMMENT ON COLUMN lab_data._dataset_events__analog_channel.channel_values IS ':<blob>:a value for each time of the stream';
CREATE TABLE lab_data._dataset_events__digital (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    stream_name character varying(54) NOT NULL,
    event_name character varying(54) NOT NULL,
    event_timestamps bytea,
    event_values bytea
);
COMMENT ON TABLE lab_data._dataset_events__digital IS 'one line of digital events';
COMMENT ON COLUMN lab_data._dataset_events__digital.event_name IS ':varchar(54):line or event';
COMMENT ON COLUMN lab_data._dataset_events__digital.event_timestamps IS ':<blob>:when each event came, own clock';
COMMENT ON COLUMN lab_data._dataset_events__digital.event_values IS ':<blob>:state of the line from then on';
CREATE TABLE lab_data._ephys_recording (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    n_probes smallint NOT NULL,
    recording_duration real NOT NULL,
    recording_software character varying(56) NOT NULL
);
COMMENT ON TABLE lab_data._ephys_recording IS 'a recording of one or more probes';
COMMENT ON COLUMN lab_data._ephys_recording.n_probes IS ':int16:probes recorded together';
COMMENT ON COLUMN lab_data._ephys_recording.recording_duration IS ':float32:s';
COMMENT ON COLUMN lab_data._ephys_recording.recording_software IS ':varchar(56):program and version';
CREATE TABLE lab_data._ephys_recording__probe_file (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL
);
COMMENT ON TABLE lab_data._ephys_recording__probe_file IS 'a file that holds what a probe recorded';
CREATE TABLE lab_data._ephys_recording__probe_setting (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    probe_id character varying(32) NOT NULL,
    configuration_id smallint NOT NULL,
    sampling_rate numeric(22,14) NOT NULL
);
COMMENT ON TABLE lab_data._ephys_recording__probe_setting IS 'a probe of the recording and how it was set';
COMMENT ON COLUMN lab_data._ephys_recording__probe_setting.probe_num IS ':int16:counts within the recording';
COMMENT ON COLUMN lab_data._ephys_recording__probe_setting.sampling_rate IS ':decimal(22, 14):Hz';
CREATE TABLE lab_data._fixed_brain (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    file_path character varying(300),
    storage character varying(12),
    num_channels smallint,
    width integer,
    height integer,
    um_per_pixel bytea,
    hardware character varying(56) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data._fixed_brain IS 'a stack of a fixed brain or tissue';
COMMENT ON COLUMN lab_data._fixed_brain.num_channels IS ':int16:channels of the (Z, C, Y, X) stack';
COMMENT ON COLUMN lab_data._fixed_brain.width IS ':int32:pixels along x';
COMMENT ON COLUMN lab_data._fixed_brain.height IS ':int32:pixels along y';
COMMENT ON COLUMN lab_data._fixed_brain.um_per_pixel IS ':<blob>:um along z, y, x';
COMMENT ON COLUMN lab_data._fixed_brain.hardware IS ':varchar(56):microscope';
CREATE TABLE lab_data._fixed_brain__channel (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    channel_index smallint NOT NULL,
    channel_wavelength real,
    channel_description character varying(64) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data._fixed_brain__channel IS 'what a channel of the stack shows';
COMMENT ON COLUMN lab_data._fixed_brain__channel.channel_index IS ':int16:counts from 0';
COMMENT ON COLUMN lab_data._fixed_brain__channel.channel_wavelength IS ':float32:nm, of the emitted light';
COMMENT ON COLUMN lab_data._fixed_brain__channel.channel_description IS ':varchar(64):label or protein';
CREATE TABLE lab_data._miniscope (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    n_channels smallint NOT NULL,
    n_frames integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    frame_rate double precision NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL,
    device character varying(32) DEFAULT NULL::character varying,
    power bytea,
    lens_tuning integer NOT NULL,
    sensor_gain integer,
    um_per_pixel bytea,
    atlas_id character varying(12),
    region_acronym character varying(12)
);
COMMENT ON TABLE lab_data._miniscope IS 'a recording with a microscope that the animal carries';
COMMENT ON COLUMN lab_data._miniscope.n_channels IS ':int16:channels';
COMMENT ON COLUMN lab_data._miniscope.n_frames IS ':int32:frames';
COMMENT ON COLUMN lab_data._miniscope.width IS ':int32:pixels along x';
COMMENT ON COLUMN lab_data._miniscope.height IS ':int32:pixels along y';
COMMENT ON COLUMN lab_data._miniscope.frame_rate IS ':float64:Hz';
COMMENT ON COLUMN lab_data._miniscope.device IS ':varchar(32):model';
COMMENT ON COLUMN lab_data._miniscope.power IS ':<blob>:of each light, unit of the device';
COMMENT ON COLUMN lab_data._miniscope.lens_tuning IS ':int32:setting of the electric lens';
COMMENT ON COLUMN lab_data._miniscope.sensor_gain IS ':int32:gain of the sensor';
COMMENT ON COLUMN lab_data._miniscope.um_per_pixel IS ':<blob>:um along x, y';
CREATE TABLE lab_data._two_photon (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    n_planes smallint NOT NULL,
    n_channels smallint NOT NULL,
    n_frames integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    frame_rate double precision NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL,
    magnification double precision,
    objective_angle double precision,
    objective character varying(32) DEFAULT NULL::character varying,
    um_per_pixel bytea,
    scanning_mode character varying(32) DEFAULT NULL::character varying,
    pmt_gain bytea,
    imaging_software character varying(32) NOT NULL,
    atlas_id character varying(12),
    region_acronym character varying(12)
);
COMMENT ON TABLE lab_data._two_photon IS 'a two-photon recording';
COMMENT ON COLUMN lab_data._two_photon.n_planes IS ':int16:planes';
COMMENT ON COLUMN lab_data._two_photon.n_channels IS ':int16:channels';
COMMENT ON COLUMN lab_data._two_photon.n_frames IS ':int32:frames of each plane';
COMMENT ON COLUMN lab_data._two_photon.width IS ':int32:pixels along x';
COMMENT ON COLUMN lab_data._two_photon.height IS ':int32:pixels along y';
COMMENT ON COLUMN lab_data._two_photon.frame_rate IS ':float64:Hz';
COMMENT ON COLUMN lab_data._two_photon.magnification IS ':float64:zoom of the scanner';
COMMENT ON COLUMN lab_data._two_photon.objective_angle IS ':float64:degrees';
COMMENT ON COLUMN lab_data._two_photon.objective IS ':varchar(32):objective';
COMMENT ON COLUMN lab_data._two_photon.um_per_pixel IS ':<blob>:um along x, y';
COMMENT ON COLUMN lab_data._two_photon.scanning_mode IS ':varchar(32):unidirectional or bidirectional';
COMMENT ON COLUMN lab_data._two_photon.pmt_gain IS ':<blob>:gain of each detector';
COMMENT ON COLUMN lab_data._two_photon.imaging_software IS ':varchar(32):program and version';
CREATE TABLE lab_data._two_photon__plane (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    plane_num smallint NOT NULL,
    plane_depth real
);
COMMENT ON TABLE lab_data._two_photon__plane IS 'a plane of the recording';
COMMENT ON COLUMN lab_data._two_photon__plane.plane_num IS ':int16:counts from 0';
COMMENT ON COLUMN lab_data._two_photon__plane.plane_depth IS ':float32:um below the surface';
CREATE TABLE lab_data._widefield (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    n_channels smallint NOT NULL,
    n_frames integer NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    frame_rate double precision NOT NULL,
    file_path character varying(300),
    storage character varying(12),
    magnification double precision,
    objective_angle double precision,
    objective character varying(32) DEFAULT NULL::character varying,
    um_per_pixel bytea,
    imaging_software character varying(32) NOT NULL
);
COMMENT ON TABLE lab_data._widefield IS 'a widefield recording';
COMMENT ON COLUMN lab_data._widefield.n_channels IS ':int16:channels, illumination in turn';
COMMENT ON COLUMN lab_data._widefield.n_frames IS ':int32:frames of each channel';
COMMENT ON COLUMN lab_data._widefield.width IS ':int32:pixels along x';
COMMENT ON COLUMN lab_data._widefield.height IS ':int32:pixels along y';
COMMENT ON COLUMN lab_data._widefield.frame_rate IS ':float64:Hz';
COMMENT ON COLUMN lab_data._widefield.magnification IS ':float64:of the objective';
COMMENT ON COLUMN lab_data._widefield.objective_angle IS ':float64:degrees';
COMMENT ON COLUMN lab_data._widefield.objective IS ':varchar(32):objective';
COMMENT ON COLUMN lab_data._widefield.um_per_pixel IS ':<blob>:um along x, y';
COMMENT ON COLUMN lab_data._widefield.imaging_software IS ':varchar(32):program and version';
CREATE TABLE lab_data._widefield__projection (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    proj_name lab_data.enum_accf898d NOT NULL,
    proj bytea NOT NULL
);
COMMENT ON TABLE lab_data._widefield__projection IS 'a picture of the recording over all its frames';
COMMENT ON COLUMN lab_data._widefield__projection.proj_name IS ':enum(''mean'', ''std'', ''var'', ''max''):how it was made';
COMMENT ON COLUMN lab_data._widefield__projection.proj IS ':<blob>:(C, Y, X)';
CREATE TABLE lab_data.analysis_file (
    file_path character varying(300) NOT NULL,
    storage character varying(12) DEFAULT 'analysis'::character varying NOT NULL,
    file_datetime timestamp without time zone NOT NULL,
    file_size double precision NOT NULL,
    file_md5 character varying(32) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.analysis_file IS 'a file that an analysis made';
COMMENT ON COLUMN lab_data.analysis_file.file_path IS ':varchar(300):relative, with forward slashes';
COMMENT ON COLUMN lab_data.analysis_file.storage IS ':varchar(12):name of the storage that holds it';
COMMENT ON COLUMN lab_data.analysis_file.file_datetime IS ':datetime:when the file was made';
COMMENT ON COLUMN lab_data.analysis_file.file_size IS ':float64:bytes';
COMMENT ON COLUMN lab_data.analysis_file.file_md5 IS ':varchar(32):md5 of the bytes, hexadecimal';
CREATE TABLE lab_data.atlas (
    atlas_id character varying(12) NOT NULL,
    atlas_description character varying(156) DEFAULT NULL::character varying,
    atlas_url character varying(156) DEFAULT NULL::character varying,
    atlas_citation character varying(156) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.atlas IS 'a brain atlas';
COMMENT ON COLUMN lab_data.atlas.atlas_id IS ':varchar(12):short name';
COMMENT ON COLUMN lab_data.atlas.atlas_description IS ':varchar(156):species, age, resolution';
COMMENT ON COLUMN lab_data.atlas.atlas_url IS ':varchar(156):where it comes from';
COMMENT ON COLUMN lab_data.atlas.atlas_citation IS ':varchar(156):what to cite';
CREATE TABLE lab_data.atlas__region (
    atlas_id character varying(12) NOT NULL,
    region_acronym character varying(12) NOT NULL,
    region_name character varying(256) NOT NULL,
    region_id integer NOT NULL,
    region_atlas_id integer NOT NULL,
    region_level integer NOT NULL,
    region_graph_depth integer,
    region_graph_order integer,
    structure_id_path character varying(80) NOT NULL,
    color_hex character varying(8) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.atlas__region IS 'a region of the atlas';
COMMENT ON COLUMN lab_data.atlas__region.region_acronym IS ':varchar(12):such as VISp';
COMMENT ON COLUMN lab_data.atlas__region.region_name IS ':varchar(256):in full';
COMMENT ON COLUMN lab_data.atlas__region.region_id IS ':int32:number in the volume';
COMMENT ON COLUMN lab_data.atlas__region.region_atlas_id IS ':int32:number in the atlas database';
COMMENT ON COLUMN lab_data.atlas__region.region_level IS ':int32:level of the structure set';
COMMENT ON COLUMN lab_data.atlas__region.region_graph_depth IS ':int32:steps from the root';
COMMENT ON COLUMN lab_data.atlas__region.region_graph_order IS ':int32:place in a walk of the tree';
COMMENT ON COLUMN lab_data.atlas__region.structure_id_path IS ':varchar(80):numbers from the root';
COMMENT ON COLUMN lab_data.atlas__region.color_hex IS ':varchar(8):rgb, hexadecimal';
CREATE TABLE lab_data.dataset (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    dataset_type character varying(32),
    setup_name character varying(54),
    notetaker character varying(32),
    note_datetime timestamp without time zone
);
COMMENT ON TABLE lab_data.dataset IS 'the files that one device wrote during a session';
COMMENT ON COLUMN lab_data.dataset.dataset_name IS ':varchar(128):unique in the session; names its folder';
CREATE TABLE lab_data.dataset__data_files (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL
);
COMMENT ON TABLE lab_data.dataset__data_files IS 'a file of the dataset';
CREATE TABLE lab_data.dataset_video (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    video_name character varying(56) NOT NULL,
    frame_times bytea,
    frame_rate real,
    n_frames real
);
COMMENT ON TABLE lab_data.dataset_video IS 'a video recorded with a dataset';
COMMENT ON COLUMN lab_data.dataset_video.video_name IS ':varchar(56):camera';
COMMENT ON COLUMN lab_data.dataset_video.frame_times IS ':<blob>:s, of each frame';
COMMENT ON COLUMN lab_data.dataset_video.frame_rate IS ':float32:Hz';
COMMENT ON COLUMN lab_data.dataset_video.n_frames IS ':float32:frames';
CREATE TABLE lab_data.dataset_video__file (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    video_name character varying(56) NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL
);
COMMENT ON TABLE lab_data.dataset_video__file IS 'a file of the video';
CREATE TABLE lab_data.dataset_video__frame (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    video_name character varying(56) NOT NULL,
    frame_num integer NOT NULL,
    frame bytea NOT NULL
);
COMMENT ON TABLE lab_data.dataset_video__frame IS 'a frame kept in the database';
COMMENT ON COLUMN lab_data.dataset_video__frame.frame_num IS ':int32:counts from 0';
COMMENT ON COLUMN lab_data.dataset_video__frame.frame IS ':<blob>:pixels, (Y, X) or (Y, X, 3)';
CREATE TABLE lab_data.death (
    subject_name character varying(20) NOT NULL,
    death_date timestamp without time zone NOT NULL,
    notetaker character varying(32),
    note_datetime timestamp without time zone
);
COMMENT ON TABLE lab_data.death IS 'when a subject died';
COMMENT ON COLUMN lab_data.death.death_date IS ':datetime:when it died';
CREATE TABLE lab_data.file (
    file_path character varying(300) NOT NULL,
    storage character varying(12) DEFAULT 'data'::character varying NOT NULL,
    file_datetime timestamp without time zone NOT NULL,
    file_size double precision NOT NULL,
    file_md5 character varying(32) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.file IS 'a raw data file in one of the storages of the lab';
COMMENT ON COLUMN lab_data.file.file_path IS ':varchar(300):relative, with forward slashes';
COMMENT ON COLUMN lab_data.file.storage IS ':varchar(12):name of the storage that holds it';
COMMENT ON COLUMN lab_data.file.file_datetime IS ':datetime:when the file was made';
COMMENT ON COLUMN lab_data.file.file_size IS ':float64:bytes';
COMMENT ON COLUMN lab_data.file.file_md5 IS ':varchar(32):md5 of the bytes, hexadecimal';
CREATE TABLE lab_data.lab_member (
    user_name character varying(32) NOT NULL,
    email character varying(128) DEFAULT NULL::character varying,
    first_name character varying(32) DEFAULT NULL::character varying,
    last_name character varying(32) DEFAULT NULL::character varying,
    date_joined date NOT NULL,
    is_active smallint DEFAULT '1'::smallint NOT NULL
);
COMMENT ON TABLE lab_data.lab_member IS 'a person of the lab';
COMMENT ON COLUMN lab_data.lab_member.user_name IS ':varchar(32):short name, as used to log in';
COMMENT ON COLUMN lab_data.lab_member.email IS ':varchar(128):where to write to';
COMMENT ON COLUMN lab_data.lab_member.first_name IS ':varchar(32):given name';
COMMENT ON COLUMN lab_data.lab_member.last_name IS ':varchar(32):family name';
COMMENT ON COLUMN lab_data.lab_member.date_joined IS ':date:first day in the lab';
COMMENT ON COLUMN lab_data.lab_member.is_active IS ':int8:1 while in the lab, 0 afterwards';
CREATE TABLE lab_data.note (
    notetaker character varying(32) NOT NULL,
    note_datetime timestamp without time zone NOT NULL,
    notes character varying(4000) DEFAULT ''::character varying NOT NULL
);
COMMENT ON TABLE lab_data.note IS 'a note in the lab book';
COMMENT ON COLUMN lab_data.note.note_datetime IS ':datetime:when it was taken';
COMMENT ON COLUMN lab_data.note.notes IS ':varchar(4000):the text';
CREATE TABLE lab_data.note__attachment (
    notetaker character varying(32) NOT NULL,
    note_datetime timestamp without time zone NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL,
    caption character varying(256) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.note__attachment IS 'a file that belongs to a note';
COMMENT ON COLUMN lab_data.note__attachment.caption IS ':varchar(256):what it is';
CREATE TABLE lab_data.note__image (
    notetaker character varying(32) NOT NULL,
    note_datetime timestamp without time zone NOT NULL,
    image_id integer NOT NULL,
    image bytea NOT NULL,
    caption character varying(256) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.note__image IS 'a picture that belongs to a note';
COMMENT ON COLUMN lab_data.note__image.image_id IS ':int32:counts from 0 within the note';
COMMENT ON COLUMN lab_data.note__image.image IS ':<blob>:pixels, (Y, X) or (Y, X, 3)';
COMMENT ON COLUMN lab_data.note__image.caption IS ':varchar(256):what it shows';
CREATE TABLE lab_data.probe (
    probe_id character varying(32) NOT NULL,
    probe_type character varying(12) NOT NULL,
    probe_n_shanks smallint NOT NULL,
    probe_recording_channels integer NOT NULL
);
COMMENT ON TABLE lab_data.probe IS 'a probe';
COMMENT ON COLUMN lab_data.probe.probe_id IS ':varchar(32):serial number';
COMMENT ON COLUMN lab_data.probe.probe_type IS ':varchar(12):model';
COMMENT ON COLUMN lab_data.probe.probe_n_shanks IS ':int8:shanks';
COMMENT ON COLUMN lab_data.probe.probe_recording_channels IS ':int32:channels it can record at once';
CREATE TABLE lab_data.probe_configuration (
    probe_id character varying(32) NOT NULL,
    configuration_id smallint NOT NULL,
    probe_n_channels integer NOT NULL,
    probe_gain real NOT NULL,
    channel_idx bytea NOT NULL,
    channel_shank bytea NOT NULL,
    channel_coords bytea NOT NULL
);
COMMENT ON TABLE lab_data.probe_configuration IS 'which sites of a probe were connected';
COMMENT ON COLUMN lab_data.probe_configuration.configuration_id IS ':int16:counts the configurations of a probe';
COMMENT ON COLUMN lab_data.probe_configuration.probe_n_channels IS ':int32:connected channels';
COMMENT ON COLUMN lab_data.probe_configuration.probe_gain IS ':float32:factor from sample to uV';
COMMENT ON COLUMN lab_data.probe_configuration.channel_idx IS ':<blob>:site of each channel';
COMMENT ON COLUMN lab_data.probe_configuration.channel_shank IS ':<blob>:shank of each channel';
COMMENT ON COLUMN lab_data.probe_configuration.channel_coords IS ':<blob>:um, x and y of each channel';
CREATE TABLE lab_data.probe_extraction (
    subject_name character varying(20) NOT NULL,
    procedure_type character varying(52) NOT NULL,
    procedure_datetime timestamp without time zone NOT NULL,
    probe_id character varying(32) NOT NULL,
    extraction_successful smallint NOT NULL
);
COMMENT ON TABLE lab_data.probe_extraction IS 'whether a probe came out whole';
COMMENT ON COLUMN lab_data.probe_extraction.extraction_successful IS ':int8:1 when it can be used again';
CREATE TABLE lab_data.probe_insertion (
    subject_name character varying(20) NOT NULL,
    procedure_type character varying(52) NOT NULL,
    procedure_datetime timestamp without time zone NOT NULL,
    probe_id character varying(32) NOT NULL,
    insertion_ap real NOT NULL,
    insertion_ml real NOT NULL,
    insertion_depth real NOT NULL,
    insertion_el real NOT NULL,
    insertion_az real NOT NULL,
    insertion_spin real DEFAULT '0'::real NOT NULL
);
COMMENT ON TABLE lab_data.probe_insertion IS 'where and how a probe went in';
COMMENT ON COLUMN lab_data.probe_insertion.insertion_ap IS ':float32:anterior of bregma';
COMMENT ON COLUMN lab_data.probe_insertion.insertion_ml IS ':float32:lateral of bregma';
COMMENT ON COLUMN lab_data.probe_insertion.insertion_depth IS ':float32:length in tissue, from the dura';
COMMENT ON COLUMN lab_data.probe_insertion.insertion_el IS ':float32:degrees, elevation';
COMMENT ON COLUMN lab_data.probe_insertion.insertion_az IS ':float32:degrees, azimuth';
COMMENT ON COLUMN lab_data.probe_insertion.insertion_spin IS ':float32:degrees, about its own axis';
CREATE TABLE lab_data.procedure (
    subject_name character varying(20) NOT NULL,
    procedure_type character varying(52) NOT NULL,
    procedure_datetime timestamp without time zone NOT NULL,
    user_name character varying(32) NOT NULL,
    procedure_metadata bytea,
    weighing_datetime timestamp without time zone,
    notetaker character varying(32),
    note_datetime timestamp without time zone
);
COMMENT ON TABLE lab_data.procedure IS 'something done to a subject';
COMMENT ON COLUMN lab_data.procedure.procedure_datetime IS ':datetime:when it began';
COMMENT ON COLUMN lab_data.procedure.procedure_metadata IS ':<blob>:dictionary of details';
CREATE TABLE lab_data.processed_file (
    file_path character varying(300) NOT NULL,
    file_datetime timestamp without time zone NOT NULL,
    file_size double precision NOT NULL,
    file_md5 character varying(32) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.processed_file IS 'a raw file that was replaced by another form of itself';
COMMENT ON COLUMN lab_data.processed_file.file_path IS ':varchar(300):relative, with forward slashes';
COMMENT ON COLUMN lab_data.processed_file.file_datetime IS ':datetime:when the file was made';
COMMENT ON COLUMN lab_data.processed_file.file_size IS ':float64:bytes';
COMMENT ON COLUMN lab_data.processed_file.file_md5 IS ':varchar(32):md5 of the bytes, hexadecimal';
CREATE TABLE lab_data.project (
    project_name character varying(32) NOT NULL,
    project_description character varying(500) NOT NULL,
    project_startdate date,
    project_enddate date,
    project_contact character varying(32) NOT NULL
);
COMMENT ON TABLE lab_data.project IS 'a line of work with data of its own';
COMMENT ON COLUMN lab_data.project.project_name IS ':varchar(32):goes into the names of its databases';
COMMENT ON COLUMN lab_data.project.project_description IS ':varchar(500):what it is about';
COMMENT ON COLUMN lab_data.project.project_startdate IS ':date:first day';
COMMENT ON COLUMN lab_data.project.project_enddate IS ':date:last day, empty while it runs';
CREATE TABLE lab_data.project__user (
    project_name character varying(32) NOT NULL,
    user_name character varying(32) NOT NULL
);
COMMENT ON TABLE lab_data.project__user IS 'a person who works on the project';
CREATE TABLE lab_data.session (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    session_datetime timestamp without time zone NOT NULL,
    experimenter character varying(32)
);
COMMENT ON TABLE lab_data.session IS 'everything recorded from a subject in one go';
COMMENT ON COLUMN lab_data.session.session_name IS ':varchar(54):usually date and time, 20260131_093000';
COMMENT ON COLUMN lab_data.session.session_datetime IS ':datetime:when it began';
CREATE TABLE lab_data.subject (
    subject_name character varying(20) NOT NULL,
    subject_dob date NOT NULL,
    subject_sex lab_data.enum_e54fc739 NOT NULL,
    strain_name character varying(56) NOT NULL,
    user_name character varying(32) NOT NULL
);
COMMENT ON TABLE lab_data.subject IS 'an animal';
COMMENT ON COLUMN lab_data.subject.subject_name IS ':varchar(20):unique in the lab';
COMMENT ON COLUMN lab_data.subject.subject_dob IS ':date:date of birth';
COMMENT ON COLUMN lab_data.subject.subject_sex IS ':enum(''M'', ''F'', ''U''):male, female or unknown';
CREATE TABLE lab_data.upload_job (
    job_id integer NOT NULL,
    job_waiting smallint DEFAULT '1'::smallint NOT NULL,
    job_status character varying(52) DEFAULT NULL::character varying,
    job_host character varying(52) DEFAULT NULL::character varying,
    job_rule character varying(52) DEFAULT NULL::character varying,
    job_log character varying(500) DEFAULT NULL::character varying,
    job_starttime timestamp without time zone,
    job_endtime timestamp without time zone,
    subject_name character varying(20) DEFAULT NULL::character varying,
    session_name character varying(54) DEFAULT NULL::character varying,
    dataset_name character varying(128) DEFAULT NULL::character varying,
    upload_storage character varying(12) DEFAULT NULL::character varying,
    project_name character varying(32)
);
COMMENT ON TABLE lab_data.upload_job IS 'a request to copy files into the storage of the lab';
COMMENT ON COLUMN lab_data.upload_job.job_id IS ':int32:number of the request';
COMMENT ON COLUMN lab_data.upload_job.job_waiting IS ':int8:1 until a machine takes it up';
COMMENT ON COLUMN lab_data.upload_job.job_status IS ':varchar(52):how far it has come';
COMMENT ON COLUMN lab_data.upload_job.job_host IS ':varchar(52):machine that took it up';
COMMENT ON COLUMN lab_data.upload_job.job_rule IS ':varchar(52):what is done to the files first';
COMMENT ON COLUMN lab_data.upload_job.job_log IS ':varchar(500):last words of the machine';
COMMENT ON COLUMN lab_data.upload_job.job_starttime IS ':datetime:when it was taken up';
COMMENT ON COLUMN lab_data.upload_job.job_endtime IS ':datetime:when it was done';
COMMENT ON COLUMN lab_data.upload_job.subject_name IS ':varchar(20):subject of the files';
COMMENT ON COLUMN lab_data.upload_job.session_name IS ':varchar(54):session of the files';
COMMENT ON COLUMN lab_data.upload_job.dataset_name IS ':varchar(128):dataset of the files';
COMMENT ON COLUMN lab_data.upload_job.upload_storage IS ':varchar(12):storage to copy to';
CREATE TABLE lab_data.upload_job__assigned_files (
    job_id integer NOT NULL,
    src_path character varying(300) NOT NULL,
    src_datetime timestamp without time zone NOT NULL,
    src_size double precision NOT NULL,
    src_md5 character varying(32) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data.upload_job__assigned_files IS 'a file to copy';
COMMENT ON COLUMN lab_data.upload_job__assigned_files.src_path IS ':varchar(300):path on the machine it comes from';
COMMENT ON COLUMN lab_data.upload_job__assigned_files.src_datetime IS ':datetime:when it was made';
COMMENT ON COLUMN lab_data.upload_job__assigned_files.src_size IS ':float64:bytes';
COMMENT ON COLUMN lab_data.upload_job__assigned_files.src_md5 IS ':varchar(32):md5 of the bytes, hexadecimal';
CREATE TABLE lab_data.water_restriction (
    subject_name character varying(20) NOT NULL,
    water_restriction_start_date date NOT NULL,
    user_name character varying(32) NOT NULL,
    water_restriction_end_date date NOT NULL,
    weighing_datetime timestamp without time zone NOT NULL
);
COMMENT ON TABLE lab_data.water_restriction IS 'days on which the water of a subject was measured out';
COMMENT ON COLUMN lab_data.water_restriction.water_restriction_start_date IS ':date:first day';
COMMENT ON COLUMN lab_data.water_restriction.water_restriction_end_date IS ':date:last day';
CREATE TABLE lab_data.watering (
    subject_name character varying(20) NOT NULL,
    watering_datetime timestamp without time zone NOT NULL,
    water_volume real NOT NULL
);
COMMENT ON TABLE lab_data.watering IS 'water that a subject got';
COMMENT ON COLUMN lab_data.watering.watering_datetime IS ':datetime:when it got it';
COMMENT ON COLUMN lab_data.watering.water_volume IS ':float32:uL (mL in some labs)';
CREATE TABLE lab_data.weighing (
    subject_name character varying(20) NOT NULL,
    weighing_datetime timestamp without time zone NOT NULL,
    weight real NOT NULL
);
COMMENT ON TABLE lab_data.weighing IS 'the weight of a subject at one time';
COMMENT ON COLUMN lab_data.weighing.weighing_datetime IS ':datetime:when it was weighed';
COMMENT ON COLUMN lab_data.weighing.weight IS ':float32:g';
CREATE TABLE lab_data."~lineage" (
    table_name character varying(64) NOT NULL,
    attribute_name character varying(64) NOT NULL,
    lineage character varying(255) NOT NULL
);
CREATE TABLE lab_data_computed.__cell_segmentation_metrics (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    roi_num integer NOT NULL,
    x_pos real,
    y_pos real,
    npix integer,
    diameter real,
    roi_skewness real,
    compactness real,
    aspect_ratio real,
    snr real,
    noise_level real,
    std real,
    trace_skewness real,
    max_dff real,
    activity_fraction real,
    event_rate real,
    neuropil_coeff real,
    correlation_neuropil real
);
COMMENT ON TABLE lab_data_computed.__cell_segmentation_metrics IS 'shape and activity of a region';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.x_pos IS ':float32:pixels, centre';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.y_pos IS ':float32:pixels, centre';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.npix IS ':int32:pixels';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.diameter IS ':float32:pixels';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.roi_skewness IS ':float32:of the weights of its pixels';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.compactness IS ':float32:1 for a disc';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.aspect_ratio IS ':float32:1 for a disc';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.snr IS ':float32:signal to noise';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.noise_level IS ':float32:of the trace';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.std IS ':float32:of the trace';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.trace_skewness IS ':float32:of the trace';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.max_dff IS ':float32:largest relative change';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.activity_fraction IS ':float32:fraction of time active';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.event_rate IS ':float32:events per s';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.neuropil_coeff IS ':float32:share of surround subtracted';
COMMENT ON COLUMN lab_data_computed.__cell_segmentation_metrics.correlation_neuropil IS ':float32:with the surround';
CREATE TABLE lab_data_computed.__fixed_brain_transform (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    transform_id smallint NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL,
    um_per_pixel bytea,
    shape bytea,
    hemisphere character varying(5) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed.__fixed_brain_transform IS 'a fixed brain after its transform';
COMMENT ON COLUMN lab_data_computed.__fixed_brain_transform.um_per_pixel IS ':<blob>:um along the spatial axes of the result';
COMMENT ON COLUMN lab_data_computed.__fixed_brain_transform.shape IS ':<blob>:four axes of the result';
COMMENT ON COLUMN lab_data_computed.__fixed_brain_transform.hemisphere IS ':varchar(5):left, right or both';
CREATE TABLE lab_data_computed.__unit_count (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    unit_criteria_id integer NOT NULL,
    "all" integer NOT NULL,
    sua integer NOT NULL,
    mua integer NOT NULL
);
COMMENT ON TABLE lab_data_computed.__unit_count IS 'how many units of a sorting pass the criteria';
COMMENT ON COLUMN lab_data_computed.__unit_count."all" IS ':int32:units';
COMMENT ON COLUMN lab_data_computed.__unit_count.sua IS ':int32:single units';
COMMENT ON COLUMN lab_data_computed.__unit_count.mua IS ':int32:multi units';
CREATE TABLE lab_data_computed.__unit_count__unit (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    unit_criteria_id integer NOT NULL,
    unit_id integer NOT NULL,
    passes smallint NOT NULL
);
COMMENT ON TABLE lab_data_computed.__unit_count__unit IS 'whether a unit passes';
COMMENT ON COLUMN lab_data_computed.__unit_count__unit.passes IS ':int8:1 single unit, 0 multi unit, -1 noise';
CREATE TABLE lab_data_computed.__unit_metrics (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    unit_id integer NOT NULL,
    num_spikes integer NOT NULL,
    depth double precision,
    "position" bytea,
    shank integer,
    channel_index integer,
    n_electrodes_spanned integer,
    span_um real,
    firing_rate real,
    isi_contamination real,
    isi_contamination_hill real,
    n_isi_violations integer,
    amplitude_cutoff real,
    presence_ratio real,
    depth_drift_range real,
    depth_drift_fluctuation real,
    depth_drift_start_to_end real,
    firing_range real,
    amplitude_drift real,
    spike_amplitude real,
    snr real,
    spike_duration real,
    trough_time real,
    trough_amplitude real,
    fw3m real,
    trough_gradient real,
    peak_gradient real,
    peak_time real,
    peak_amplitude real,
    polarity smallint,
    active_electrodes bytea
);
COMMENT ON TABLE lab_data_computed.__unit_metrics IS 'how good a unit is';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.num_spikes IS ':int32:spikes';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.depth IS ':float64:um along the probe';
COMMENT ON COLUMN lab_data_computed.__unit_metrics."position" IS ':<blob>:um, x and y on the probe';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.shank IS ':int32:shank it is on';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.channel_index IS ':int32:channel where it is largest';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.n_electrodes_spanned IS ':int32:sites it can be seen on';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.span_um IS ':float32:um, farthest of these apart';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.firing_rate IS ':float32:Hz, mean';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.isi_contamination IS ':float32:fraction of foreign spikes';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.isi_contamination_hill IS ':float32:the same after Hill et al.';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.n_isi_violations IS ':int32:intervals too short to be true';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.amplitude_cutoff IS ':float32:fraction of spikes too small';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.presence_ratio IS ':float32:fraction of time it fired';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.depth_drift_range IS ':float32:um, range of its depth';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.depth_drift_fluctuation IS ':float32:um, spread of its depth';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.depth_drift_start_to_end IS ':float32:um, last depth less first';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.firing_range IS ':float32:Hz, 5th to 95th percentile';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.amplitude_drift IS ':float32:change of its amplitude';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.spike_amplitude IS ':float32:uV, median';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.snr IS ':float32:amplitude to noise';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.spike_duration IS ':float32:ms, trough to peak';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.trough_time IS ':float32:ms from start of waveform';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.trough_amplitude IS ':float32:uV';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.fw3m IS ':float32:ms, width at a third of depth';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.trough_gradient IS ':float32:slope into the trough';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.peak_gradient IS ':float32:slope out of the peak';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.peak_time IS ':float32:ms from start of waveform';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.peak_amplitude IS ':float32:uV';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.polarity IS ':int8:-1 trough first, 1 peak first';
COMMENT ON COLUMN lab_data_computed.__unit_metrics.active_electrodes IS ':<blob>:sites it can be seen on';
CREATE TABLE lab_data_computed._cell_segmentation (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    algorithm_version character varying(56) NOT NULL,
    n_rois integer NOT NULL,
    crop_region bytea,
    segmentation_datetime timestamp without time zone,
    file_path character varying(300),
    storage character varying(12),
    container_version character varying(512) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed._cell_segmentation IS 'one segmentation of one recording';
COMMENT ON COLUMN lab_data_computed._cell_segmentation.algorithm_version IS ':varchar(56):version of the algorithm';
COMMENT ON COLUMN lab_data_computed._cell_segmentation.n_rois IS ':int32:regions, all planes';
COMMENT ON COLUMN lab_data_computed._cell_segmentation.crop_region IS ':<blob>:pixels, part that was segmented';
COMMENT ON COLUMN lab_data_computed._cell_segmentation.segmentation_datetime IS ':datetime:when it was segmented';
COMMENT ON COLUMN lab_data_computed._cell_segmentation.container_version IS ':varchar(512):container it ran in';
CREATE TABLE lab_data_computed._cell_segmentation__deconvolved (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    roi_num integer NOT NULL,
    deconv bytea NOT NULL
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__deconvolved IS 'inferred activity of a region';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__deconvolved.deconv IS ':<blob>:arbitrary units, for each frame';
CREATE TABLE lab_data_computed._cell_segmentation__linked_datasets (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    linked_session_id integer NOT NULL,
    linked_session_name character varying(54) CONSTRAINT _cell_segmentation__linked_dataset_linked_session_name_not_null NOT NULL,
    linked_dataset_session character varying(128) CONSTRAINT _cell_segmentation__linked_data_linked_dataset_session_not_null NOT NULL
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__linked_datasets IS 'another dataset that was segmented together with this one';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__linked_datasets.linked_session_id IS ':int32:counts the linked datasets';
CREATE TABLE lab_data_computed._cell_segmentation__motion_correction (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer CONSTRAINT _cell_segmentation__motion_correctio_parameter_set_num_not_null NOT NULL,
    plane_num smallint NOT NULL,
    motion_block_size integer DEFAULT 0 CONSTRAINT _cell_segmentation__motion_correctio_motion_block_size_not_null NOT NULL,
    displacement bytea NOT NULL
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__motion_correction IS 'how the frames of a plane were shifted to match';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__motion_correction.motion_block_size IS ':int32:pixels, 0 for whole frames';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__motion_correction.displacement IS ':<blob>:pixels, y and x for each frame';
CREATE TABLE lab_data_computed._cell_segmentation__plane (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    plane_n_rois integer NOT NULL,
    dims bytea
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__plane IS 'a segmented plane';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__plane.plane_num IS ':int16:counts from 0';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__plane.plane_n_rois IS ':int32:regions in the plane';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__plane.dims IS ':<blob>:pixels, (Y, X)';
CREATE TABLE lab_data_computed._cell_segmentation__projection (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    proj_name character varying(16) NOT NULL,
    proj_im bytea NOT NULL
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__projection IS 'a picture of a plane over time';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__projection.proj_name IS ':varchar(16):how it was made, such as mean';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__projection.proj_im IS ':<blob>:pixels, (Y, X)';
CREATE TABLE lab_data_computed._cell_segmentation__r_o_i (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    roi_num integer NOT NULL,
    roi_pixels bytea NOT NULL,
    roi_pixels_values bytea,
    neuropil_pixels bytea
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__r_o_i IS 'a region of a plane, usually a cell';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__r_o_i.roi_num IS ':int32:counts within the plane';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__r_o_i.roi_pixels IS ':<blob>:pixels of the region';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__r_o_i.roi_pixels_values IS ':<blob>:weight of each pixel';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__r_o_i.neuropil_pixels IS ':<blob>:pixels of the surround';
CREATE TABLE lab_data_computed._cell_segmentation__raw_traces (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    roi_num integer NOT NULL,
    f_trace bytea NOT NULL,
    f_neuropil bytea
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__raw_traces IS 'fluorescence of a region and its surround';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__raw_traces.f_trace IS ':<blob>:counts, for each frame';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__raw_traces.f_neuropil IS ':<blob>:counts, for each frame';
CREATE TABLE lab_data_computed._cell_segmentation__selection (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    roi_num integer NOT NULL,
    selection_method character varying(12) DEFAULT 'auto'::character varying NOT NULL,
    selection smallint NOT NULL,
    likelihood real
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__selection IS 'whether a region is taken for a cell';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__selection.selection_method IS ':varchar(12):classifier or person';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__selection.selection IS ':int16:1 for a cell';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__selection.likelihood IS ':float32:0 to 1, of being a cell';
CREATE TABLE lab_data_computed._cell_segmentation__traces (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    parameter_set_num integer NOT NULL,
    plane_num smallint NOT NULL,
    roi_num integer NOT NULL,
    dff bytea NOT NULL,
    neuropil_coeff real
);
COMMENT ON TABLE lab_data_computed._cell_segmentation__traces IS 'relative change of fluorescence';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__traces.dff IS ':<blob>:fraction of the baseline';
COMMENT ON COLUMN lab_data_computed._cell_segmentation__traces.neuropil_coeff IS ':float32:share of surround subtracted';
CREATE TABLE lab_data_computed._decision_task (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    n_total_trials integer NOT NULL,
    n_total_assisted integer,
    n_total_performed integer,
    n_total_initiated integer,
    n_total_with_choice integer,
    n_total_rewarded integer,
    n_total_punished integer,
    watering_datetime timestamp without time zone
);
COMMENT ON TABLE lab_data_computed._decision_task IS 'how a subject did in a session of a decision task';
COMMENT ON COLUMN lab_data_computed._decision_task.n_total_trials IS ':int32:trials, of any kind';
COMMENT ON COLUMN lab_data_computed._decision_task.n_total_assisted IS ':int32:trials in which it was helped';
COMMENT ON COLUMN lab_data_computed._decision_task.n_total_performed IS ':int32:trials it did by itself';
COMMENT ON COLUMN lab_data_computed._decision_task.n_total_initiated IS ':int32:trials it began';
COMMENT ON COLUMN lab_data_computed._decision_task.n_total_with_choice IS ':int32:trials it began and answered';
COMMENT ON COLUMN lab_data_computed._decision_task.n_total_rewarded IS ':int32:trials that ended in a reward';
COMMENT ON COLUMN lab_data_computed._decision_task.n_total_punished IS ':int32:trials that ended in a penalty';
CREATE TABLE lab_data_computed._decision_task__trial_set (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    trialset_description character varying(54) NOT NULL,
    n_trials integer NOT NULL,
    n_performed integer NOT NULL,
    n_with_choice integer NOT NULL,
    n_correct integer NOT NULL,
    performance_easy real,
    performance real,
    trial_num bytea NOT NULL,
    initiation_times bytea,
    assisted bytea,
    response_values bytea,
    correct_values bytea,
    intensity_values bytea,
    reaction_times bytea,
    block_values bytea
);
COMMENT ON TABLE lab_data_computed._decision_task__trial_set IS 'the trials of one condition';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.trialset_description IS ':varchar(54):condition, such as visual';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.n_trials IS ':int32:trials in the set';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.n_performed IS ':int32:trials it did by itself';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.n_with_choice IS ':int32:of these, answered';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.n_correct IS ':int32:of these, right';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.performance_easy IS ':float32:fraction right, easiest stimuli';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.performance IS ':float32:fraction right, all stimuli';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.trial_num IS ':<blob>:number of each trial in session';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.initiation_times IS ':<blob>:s, trial start to stimulus';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.assisted IS ':<blob>:1 where it was helped';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.response_values IS ':<blob>:side chosen; 0 for no answer';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.correct_values IS ':<blob>:1 where it was right';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.intensity_values IS ':<blob>:strength of the stimulus';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.reaction_times IS ':<blob>:s, go signal to answer';
COMMENT ON COLUMN lab_data_computed._decision_task__trial_set.block_values IS ':<blob>:block each trial belongs to';
CREATE TABLE lab_data_computed.cell_segmentation_params (
    parameter_set_num integer NOT NULL,
    algorithm_name character varying(64) NOT NULL,
    parameter_description character varying(256) DEFAULT NULL::character varying,
    parameters_dict character varying(2000) NOT NULL,
    code_link character varying(300) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed.cell_segmentation_params IS 'a segmentation algorithm and its parameters';
COMMENT ON COLUMN lab_data_computed.cell_segmentation_params.parameter_set_num IS ':int32:number of the set';
COMMENT ON COLUMN lab_data_computed.cell_segmentation_params.algorithm_name IS ':varchar(64):algorithm';
COMMENT ON COLUMN lab_data_computed.cell_segmentation_params.parameter_description IS ':varchar(256):what the set is for';
COMMENT ON COLUMN lab_data_computed.cell_segmentation_params.parameters_dict IS ':varchar(2000):parameters, json';
COMMENT ON COLUMN lab_data_computed.cell_segmentation_params.code_link IS ':varchar(300):where the code is';
CREATE TABLE lab_data_computed.compute_task (
    job_id integer NOT NULL,
    task_waiting smallint DEFAULT '1'::smallint NOT NULL,
    task_name character varying(52) DEFAULT NULL::character varying,
    task_status character varying(52) DEFAULT NULL::character varying,
    task_target character varying(52) DEFAULT NULL::character varying,
    task_host character varying(52) DEFAULT NULL::character varying,
    task_cmd character varying(2000) DEFAULT NULL::character varying,
    task_parameters character varying(2000) DEFAULT NULL::character varying,
    task_log character varying(2000) DEFAULT NULL::character varying,
    task_starttime timestamp without time zone,
    task_endtime timestamp without time zone,
    subject_name character varying(20),
    session_name character varying(54),
    dataset_name character varying(128)
);
COMMENT ON TABLE lab_data_computed.compute_task IS 'a request to run an analysis';
COMMENT ON COLUMN lab_data_computed.compute_task.job_id IS ':int32:number of the request';
COMMENT ON COLUMN lab_data_computed.compute_task.task_waiting IS ':int8:1 until a machine takes it up';
COMMENT ON COLUMN lab_data_computed.compute_task.task_name IS ':varchar(52):analysis to run';
COMMENT ON COLUMN lab_data_computed.compute_task.task_status IS ':varchar(52):how far it has come';
COMMENT ON COLUMN lab_data_computed.compute_task.task_target IS ':varchar(52):machine or queue asked for';
COMMENT ON COLUMN lab_data_computed.compute_task.task_host IS ':varchar(52):machine that took it up';
COMMENT ON COLUMN lab_data_computed.compute_task.task_cmd IS ':varchar(2000):command that runs it';
COMMENT ON COLUMN lab_data_computed.compute_task.task_parameters IS ':varchar(2000):its parameters, json';
COMMENT ON COLUMN lab_data_computed.compute_task.task_log IS ':varchar(2000):last words of the machine';
COMMENT ON COLUMN lab_data_computed.compute_task.task_starttime IS ':datetime:when it was taken up';
COMMENT ON COLUMN lab_data_computed.compute_task.task_endtime IS ':datetime:when it was done';
CREATE TABLE lab_data_computed.compute_task__assigned_files (
    job_id integer NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL
);
COMMENT ON TABLE lab_data_computed.compute_task__assigned_files IS 'a file the analysis reads';
CREATE TABLE lab_data_computed.fixed_brain_transform_annotation (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    transform_id smallint NOT NULL,
    annotation_id integer NOT NULL,
    annotation_name character varying(36) NOT NULL,
    annotation_type character varying(36) NOT NULL,
    xyz bytea NOT NULL
);
COMMENT ON TABLE lab_data_computed.fixed_brain_transform_annotation IS 'points that somebody placed in a transformed brain';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_annotation.annotation_id IS ':int32:counts within the transform';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_annotation.annotation_name IS ':varchar(36):what was marked, such as probe1_shank0';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_annotation.annotation_type IS ':varchar(36):kind, such as probe_track';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_annotation.xyz IS ':<blob>:pixels, (N, 3), order of the stack';
CREATE TABLE lab_data_computed.fixed_brain_transform_parameters (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    transform_id smallint DEFAULT '0'::smallint NOT NULL,
    downsample bytea,
    rotate bytea,
    crop bytea,
    transpose bytea,
    "cast" character varying(8) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed.fixed_brain_transform_parameters IS 'how to turn a fixed brain into the stack that people work in';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_parameters.transform_id IS ':int16:counts the parameter sets of a brain';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_parameters.downsample IS ':<blob>:voxels out per voxel in, z c y x';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_parameters.rotate IS ':<blob>:three angles in degrees, two mirrors';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_parameters.crop IS ':<blob>:start, stop, step for z, c, y, x';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_parameters.transpose IS ':<blob>:order of the axes in the result';
COMMENT ON COLUMN lab_data_computed.fixed_brain_transform_parameters."cast" IS ':varchar(8):type of the pixels in the result';
CREATE TABLE lab_data_computed.pose_estimation (
    model_num integer NOT NULL,
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    video_name character varying(56) NOT NULL,
    label_name character varying(54) NOT NULL,
    x bytea NOT NULL,
    y bytea NOT NULL,
    z bytea,
    likelihood bytea
);
COMMENT ON TABLE lab_data_computed.pose_estimation IS 'where a model sees a body part in every frame';
COMMENT ON COLUMN lab_data_computed.pose_estimation.label_name IS ':varchar(54):body part';
COMMENT ON COLUMN lab_data_computed.pose_estimation.x IS ':<blob>:pixels from the left, each frame';
COMMENT ON COLUMN lab_data_computed.pose_estimation.y IS ':<blob>:pixels from the top, each frame';
COMMENT ON COLUMN lab_data_computed.pose_estimation.z IS ':<blob>:pixels, where there is a third axis';
COMMENT ON COLUMN lab_data_computed.pose_estimation.likelihood IS ':<blob>:0 to 1, each frame';
CREATE TABLE lab_data_computed.pose_estimation_label_set (
    pose_label_set_num integer NOT NULL,
    description character varying(512) DEFAULT NULL::character varying,
    labeler character varying(32)
);
COMMENT ON TABLE lab_data_computed.pose_estimation_label_set IS 'a set of frames in which body parts were labelled';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set.pose_label_set_num IS ':int32:number of the set';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set.description IS ':varchar(512):what it is for';
CREATE TABLE lab_data_computed.pose_estimation_label_set__frame (
    pose_label_set_num integer NOT NULL,
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    video_name character varying(56) NOT NULL,
    frame_num integer NOT NULL,
    frame bytea NOT NULL
);
COMMENT ON TABLE lab_data_computed.pose_estimation_label_set__frame IS 'a frame of the set';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set__frame.frame_num IS ':int32:counts from 0 in the video';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set__frame.frame IS ':<blob>:pixels, (Y, X) or (Y, X, 3)';
CREATE TABLE lab_data_computed.pose_estimation_label_set__label (
    pose_label_set_num integer NOT NULL,
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    video_name character varying(56) NOT NULL,
    frame_num integer NOT NULL,
    label_name character varying(54) NOT NULL,
    x real NOT NULL,
    y real NOT NULL,
    z real
);
COMMENT ON TABLE lab_data_computed.pose_estimation_label_set__label IS 'where a body part is in a frame';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set__label.frame_num IS ':int32:counts from 0 in the video';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set__label.label_name IS ':varchar(54):body part';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set__label.x IS ':float32:pixels from the left';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set__label.y IS ':float32:pixels from the top';
COMMENT ON COLUMN lab_data_computed.pose_estimation_label_set__label.z IS ':float32:pixels, where there is a third axis';
CREATE TABLE lab_data_computed.pose_estimation_model (
    model_num integer NOT NULL,
    algorithm_name character varying(24) NOT NULL,
    file_path character varying(300),
    storage character varying(12),
    pose_label_set_num integer,
    parameters_dict character varying(2000) DEFAULT NULL::character varying,
    training_datetime timestamp without time zone,
    container_name character varying(64) DEFAULT NULL::character varying,
    code_link character varying(300) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed.pose_estimation_model IS 'a model trained on a label set';
COMMENT ON COLUMN lab_data_computed.pose_estimation_model.model_num IS ':int32:number of the model';
COMMENT ON COLUMN lab_data_computed.pose_estimation_model.algorithm_name IS ':varchar(24):kind of model';
COMMENT ON COLUMN lab_data_computed.pose_estimation_model.parameters_dict IS ':varchar(2000):parameters, json';
COMMENT ON COLUMN lab_data_computed.pose_estimation_model.training_datetime IS ':datetime:when it was trained';
COMMENT ON COLUMN lab_data_computed.pose_estimation_model.container_name IS ':varchar(64):container it ran in';
COMMENT ON COLUMN lab_data_computed.pose_estimation_model.code_link IS ':varchar(300):where the code is';
CREATE TABLE lab_data_computed.probe_brain_region (
    subject_name character varying(20) NOT NULL,
    procedure_type character varying(52) NOT NULL,
    procedure_datetime timestamp without time zone NOT NULL,
    probe_id character varying(32) NOT NULL,
    configuration_id smallint NOT NULL,
    atlas_id character varying(12) NOT NULL,
    region_acronym character varying(12) NOT NULL,
    min_depth double precision,
    max_depth double precision,
    shanks bytea,
    electrodes bytea
);
COMMENT ON TABLE lab_data_computed.probe_brain_region IS 'the stretch of a probe that lies in a region';
COMMENT ON COLUMN lab_data_computed.probe_brain_region.min_depth IS ':float64:um along the probe, nearest';
COMMENT ON COLUMN lab_data_computed.probe_brain_region.max_depth IS ':float64:um along the probe, farthest';
COMMENT ON COLUMN lab_data_computed.probe_brain_region.shanks IS ':<blob>:shanks inside the region';
COMMENT ON COLUMN lab_data_computed.probe_brain_region.electrodes IS ':<blob>:sites inside the region';
CREATE TABLE lab_data_computed.spike_sorting (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    algorithm_version character varying(56) DEFAULT NULL::character varying,
    sorting_datetime timestamp without time zone,
    n_pre_samples smallint,
    n_sorted_units integer,
    n_detected_spikes integer,
    sorting_channel_indices bytea,
    sorting_channel_coords bytea,
    additional_params character varying(2000) DEFAULT NULL::character varying,
    features_file character varying(300),
    features_storage character varying(12),
    waveforms_file character varying(300),
    waveforms_storage character varying(12),
    container_version character varying(512) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed.spike_sorting IS 'one sorting of what one probe recorded';
COMMENT ON COLUMN lab_data_computed.spike_sorting.algorithm_version IS ':varchar(56):version of the sorter';
COMMENT ON COLUMN lab_data_computed.spike_sorting.sorting_datetime IS ':datetime:when it was sorted';
COMMENT ON COLUMN lab_data_computed.spike_sorting.n_pre_samples IS ':int16:waveform samples before the peak';
COMMENT ON COLUMN lab_data_computed.spike_sorting.n_sorted_units IS ':int32:units';
COMMENT ON COLUMN lab_data_computed.spike_sorting.n_detected_spikes IS ':int32:spikes of all units';
COMMENT ON COLUMN lab_data_computed.spike_sorting.sorting_channel_indices IS ':<blob>:channel in the file of each';
COMMENT ON COLUMN lab_data_computed.spike_sorting.sorting_channel_coords IS ':<blob>:um, x and y of each channel';
COMMENT ON COLUMN lab_data_computed.spike_sorting.additional_params IS ':varchar(2000):what else was set, json';
COMMENT ON COLUMN lab_data_computed.spike_sorting.container_version IS ':varchar(512):container the sorter ran in';
CREATE TABLE lab_data_computed.spike_sorting__intermediate_files (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    file_path character varying(300) NOT NULL,
    storage character varying(12) NOT NULL
);
COMMENT ON TABLE lab_data_computed.spike_sorting__intermediate_files IS 'a file the sorter left behind';
CREATE TABLE lab_data_computed.spike_sorting__linked_datasets (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    linked_session_name character varying(54) NOT NULL,
    linked_dataset_session character varying(128) NOT NULL
);
COMMENT ON TABLE lab_data_computed.spike_sorting__linked_datasets IS 'another dataset that was sorted together with this one';
CREATE TABLE lab_data_computed.spike_sorting__merged_unit (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    merged_unit_id integer NOT NULL,
    source_unit_id integer NOT NULL,
    spike_times bytea NOT NULL,
    spike_positions bytea,
    spike_amplitudes bytea,
    waveform_median bytea,
    waveform_channels bytea,
    waveform_ptp bytea,
    waveform_noise real,
    merge_datetime timestamp without time zone NOT NULL
);
COMMENT ON TABLE lab_data_computed.spike_sorting__merged_unit IS 'a unit that was merged into another, as it was before';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.merged_unit_id IS ':int32:unit that holds the spikes now';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.source_unit_id IS ':int32:unit the sorter found';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.spike_times IS ':<blob>:samples, uint64';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.spike_positions IS ':<blob>:um, x and y of each spike';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.spike_amplitudes IS ':<blob>:of each spike, unit of the sorter';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.waveform_median IS ':<blob>:uV, (n_samples, n_channels)';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.waveform_channels IS ':<blob>:channel of each column, null for all';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.waveform_ptp IS ':<blob>:uV, peak to peak on every channel';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.waveform_noise IS ':float32:uV, noise left in the median';
COMMENT ON COLUMN lab_data_computed.spike_sorting__merged_unit.merge_datetime IS ':datetime:when they were merged';
CREATE TABLE lab_data_computed.spike_sorting__motion (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    motion_num smallint NOT NULL,
    motion_method character varying(32) NOT NULL,
    shank smallint,
    displacement bytea NOT NULL,
    displacement_times bytea NOT NULL,
    displacement_depths bytea
);
COMMENT ON TABLE lab_data_computed.spike_sorting__motion IS 'how the tissue moved along a shank';
COMMENT ON COLUMN lab_data_computed.spike_sorting__motion.motion_num IS ':int16:counts the estimates';
COMMENT ON COLUMN lab_data_computed.spike_sorting__motion.motion_method IS ':varchar(32):how it was estimated';
COMMENT ON COLUMN lab_data_computed.spike_sorting__motion.shank IS ':int16:shank, null for all';
COMMENT ON COLUMN lab_data_computed.spike_sorting__motion.displacement IS ':<blob>:um, (n_times, n_depths)';
COMMENT ON COLUMN lab_data_computed.spike_sorting__motion.displacement_times IS ':<blob>:s, middle of each bin';
COMMENT ON COLUMN lab_data_computed.spike_sorting__motion.displacement_depths IS ':<blob>:um, middle of each bin';
CREATE TABLE lab_data_computed.spike_sorting__segment (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    segment_num integer NOT NULL,
    offset_samples integer NOT NULL,
    segment bytea NOT NULL,
    channel_median bytea,
    channel_mad bytea,
    channel_max bytea,
    channel_min bytea,
    channel_peak_to_peak bytea
);
COMMENT ON TABLE lab_data_computed.spike_sorting__segment IS 'a few seconds of the recording as the sorter saw them';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.segment_num IS ':int32:counts within the sorting';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.offset_samples IS ':int32:first sample of the segment';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.segment IS ':<blob>:(n_samples, n_channels)';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.channel_median IS ':<blob>:uV, for each channel';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.channel_mad IS ':<blob>:uV, median absolute deviation';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.channel_max IS ':<blob>:uV, for each channel';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.channel_min IS ':<blob>:uV, for each channel';
COMMENT ON COLUMN lab_data_computed.spike_sorting__segment.channel_peak_to_peak IS ':<blob>:uV, for each channel';
CREATE TABLE lab_data_computed.spike_sorting__unit (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    unit_id integer NOT NULL,
    spike_times bytea NOT NULL,
    spike_positions bytea,
    spike_amplitudes bytea
);
COMMENT ON TABLE lab_data_computed.spike_sorting__unit IS 'a unit and when it fired';
COMMENT ON COLUMN lab_data_computed.spike_sorting__unit.unit_id IS ':int32:number the sorter gave it';
COMMENT ON COLUMN lab_data_computed.spike_sorting__unit.spike_times IS ':<blob>:samples, uint64';
COMMENT ON COLUMN lab_data_computed.spike_sorting__unit.spike_positions IS ':<blob>:um, x and y of each spike';
COMMENT ON COLUMN lab_data_computed.spike_sorting__unit.spike_amplitudes IS ':<blob>:of each spike, unit of the sorter';
CREATE TABLE lab_data_computed.spike_sorting__waveforms (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    probe_num smallint NOT NULL,
    parameter_set_num integer NOT NULL,
    unit_id integer NOT NULL,
    waveform_median bytea NOT NULL,
    waveform_channels bytea,
    waveform_ptp bytea,
    waveform_noise real
);
COMMENT ON TABLE lab_data_computed.spike_sorting__waveforms IS 'the median waveform of a unit';
COMMENT ON COLUMN lab_data_computed.spike_sorting__waveforms.waveform_median IS ':<blob>:uV, (n_samples, n_channels)';
COMMENT ON COLUMN lab_data_computed.spike_sorting__waveforms.waveform_channels IS ':<blob>:channel of each column, null for all';
COMMENT ON COLUMN lab_data_computed.spike_sorting__waveforms.waveform_ptp IS ':<blob>:uV, peak to peak on every channel';
COMMENT ON COLUMN lab_data_computed.spike_sorting__waveforms.waveform_noise IS ':float32:uV, noise left in the median';
CREATE TABLE lab_data_computed.spike_sorting_params (
    parameter_set_num integer NOT NULL,
    algorithm_name character varying(64) NOT NULL,
    parameter_description character varying(256) DEFAULT NULL::character varying,
    parameters_dict character varying(2000) NOT NULL,
    code_link character varying(300) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed.spike_sorting_params IS 'a spike sorter and its parameters';
COMMENT ON COLUMN lab_data_computed.spike_sorting_params.parameter_set_num IS ':int32:number of the set';
COMMENT ON COLUMN lab_data_computed.spike_sorting_params.algorithm_name IS ':varchar(64):sorter';
COMMENT ON COLUMN lab_data_computed.spike_sorting_params.parameter_description IS ':varchar(256):what the set is for';
COMMENT ON COLUMN lab_data_computed.spike_sorting_params.parameters_dict IS ':varchar(2000):parameters, json';
COMMENT ON COLUMN lab_data_computed.spike_sorting_params.code_link IS ':varchar(300):where the code is';
CREATE TABLE lab_data_computed.stream_sync (
    subject_name character varying(20) NOT NULL,
    session_name character varying(54) NOT NULL,
    dataset_name character varying(128) NOT NULL,
    stream_name character varying(54) NOT NULL,
    event_name character varying(54) NOT NULL,
    clock_dataset character varying(128) NOT NULL,
    clock_stream character varying(54) NOT NULL,
    clock_stream_event character varying(54) NOT NULL
);
COMMENT ON TABLE lab_data_computed.stream_sync IS 'two event lines that saw the same pulses';
CREATE TABLE lab_data_computed.unit_count_criteria (
    unit_criteria_id integer NOT NULL,
    sua_criteria character varying(2000) NOT NULL,
    mua_criteria character varying(2000) DEFAULT NULL::character varying
);
COMMENT ON TABLE lab_data_computed.unit_count_criteria IS 'what makes a unit single or multi';
COMMENT ON COLUMN lab_data_computed.unit_count_criteria.unit_criteria_id IS ':int32:number of the set';
COMMENT ON COLUMN lab_data_computed.unit_count_criteria.sua_criteria IS ':varchar(2000):condition on metrics, single unit';
COMMENT ON COLUMN lab_data_computed.unit_count_criteria.mua_criteria IS ':varchar(2000):condition on metrics, multi unit';
CREATE TABLE lab_data_computed."~lineage" (
    table_name character varying(64) NOT NULL,
    attribute_name character varying(64) NOT NULL,
    lineage character varying(255) NOT NULL
);
INSERT INTO lab_data."#dataset_type" VALUES
	('behavior'),
	('electrophysiology'),
	('fixed-brain'),
	('histology'),
	('miniscope'),
	('two-photon'),
	('video'),
	('widefield');
INSERT INTO lab_data."#procedure_type" VALUES
	('behavioral training'),
	('craniotomy'),
	('handling'),
	('headpost implant'),
	('injection'),
	('perfusion'),
	('probe extraction'),
	('probe insertion'),
	('window implant');
INSERT INTO lab_data."#setup_location" VALUES
	('unknown');
INSERT INTO lab_data."#species" VALUES
	('mouse', 'Mus musculus', NULL),
	('rat', 'Rattus norvegicus', NULL),
	('zebrafish', 'Danio rerio', NULL),
	('unknown', 'unknown', NULL);
INSERT INTO lab_data."#strain" VALUES
	('C57BL/6J', 'mouse', NULL),
	('unknown', 'unknown', NULL);
INSERT INTO lab_data."~lineage" VALUES
	('#species', 'species_name', 'lab_data.#species.species_name'),
	('#strain', 'species_name', 'lab_data.#species.species_name'),
	('#strain', 'strain_name', 'lab_data.#strain.strain_name'),
	('#dataset_type', 'dataset_type', 'lab_data.#dataset_type.dataset_type'),
	('#procedure_type', 'procedure_type', 'lab_data.#procedure_type.procedure_type'),
	('#setup_location', 'setup_location', 'lab_data.#setup_location.setup_location'),
	('lab_member', 'user_name', 'lab_data.lab_member.user_name'),
	('project', 'project_contact', 'lab_data.lab_member.user_name'),
	('project', 'project_name', 'lab_data.project.project_name'),
	('project__user', 'project_name', 'lab_data.project.project_name'),
	('project__user', 'user_name', 'lab_data.lab_member.user_name'),
	('file', 'file_path', 'lab_data.file.file_path'),
	('file', 'storage', 'lab_data.file.storage'),
	('analysis_file', 'file_path', 'lab_data.analysis_file.file_path'),
	('analysis_file', 'storage', 'lab_data.analysis_file.storage'),
	('processed_file', 'file_path', 'lab_data.processed_file.file_path'),
	('#setup', 'setup_location', 'lab_data.#setup_location.setup_location'),
	('#setup', 'setup_name', 'lab_data.#setup.setup_name'),
	('subject', 'strain_name', 'lab_data.#strain.strain_name'),
	('subject', 'user_name', 'lab_data.lab_member.user_name'),
	('subject', 'subject_name', 'lab_data.subject.subject_name'),
	('note', 'notetaker', 'lab_data.lab_member.user_name'),
	('note', 'note_datetime', 'lab_data.note.note_datetime'),
	('note__image', 'notetaker', 'lab_data.lab_member.user_name'),
	('note__image', 'note_datetime', 'lab_data.note.note_datetime'),
	('note__image', 'image_id', 'lab_data.note__image.image_id'),
	('note__attachment', 'notetaker', 'lab_data.lab_member.user_name'),
	('note__attachment', 'note_datetime', 'lab_data.note.note_datetime'),
	('note__attachment', 'file_path', 'lab_data.file.file_path'),
	('note__attachment', 'storage', 'lab_data.file.storage'),
	('session', 'subject_name', 'lab_data.subject.subject_name'),
	('session', 'experimenter', 'lab_data.lab_member.user_name'),
	('session', 'session_name', 'lab_data.session.session_name'),
	('dataset', 'subject_name', 'lab_data.subject.subject_name'),
	('dataset', 'session_name', 'lab_data.session.session_name'),
	('dataset', 'dataset_type', 'lab_data.#dataset_type.dataset_type'),
	('dataset', 'setup_name', 'lab_data.#setup.setup_name'),
	('dataset', 'notetaker', 'lab_data.lab_member.user_name'),
	('dataset', 'note_datetime', 'lab_data.note.note_datetime'),
	('dataset', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('dataset__data_files', 'subject_name', 'lab_data.subject.subject_name'),
	('dataset__data_files', 'session_name', 'lab_data.session.session_name'),
	('dataset__data_files', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('dataset__data_files', 'file_path', 'lab_data.file.file_path'),
	('dataset__data_files', 'storage', 'lab_data.file.storage'),
	('upload_job', 'project_name', 'lab_data.project.project_name'),
	('upload_job', 'job_id', 'lab_data.upload_job.job_id'),
	('upload_job__assigned_files', 'job_id', 'lab_data.upload_job.job_id'),
	('upload_job__assigned_files', 'src_path', 'lab_data.upload_job__assigned_files.src_path'),
	('_dataset_events', 'subject_name', 'lab_data.subject.subject_name'),
	('_dataset_events', 'session_name', 'lab_data.session.session_name'),
	('_dataset_events', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_dataset_events', 'stream_name', 'lab_data._dataset_events.stream_name'),
	('_dataset_events__digital', 'subject_name', 'lab_data.subject.subject_name'),
	('_dataset_events__digital', 'session_name', 'lab_data.session.session_name'),
	('_dataset_events__digital', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_dataset_events__digital', 'stream_name', 'lab_data._dataset_events.stream_name'),
	('_dataset_events__digital', 'event_name', 'lab_data._dataset_events__digital.event_name'),
	('_dataset_events__analog_channel', 'subject_name', 'lab_data.subject.subject_name'),
	('_dataset_events__analog_channel', 'session_name', 'lab_data.session.session_name'),
	('_dataset_events__analog_channel', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_dataset_events__analog_channel', 'stream_name', 'lab_data._dataset_events.stream_name'),
	('_dataset_events__analog_channel', 'channel_name', 'lab_data._dataset_events__analog_channel.channel_name'),
	('weighing', 'subject_name', 'lab_data.subject.subject_name'),
	('weighing', 'weighing_datetime', 'lab_data.weighing.weighing_datetime'),
	('procedure', 'subject_name', 'lab_data.subject.subject_name'),
	('procedure', 'procedure_type', 'lab_data.#procedure_type.procedure_type'),
	('procedure', 'user_name', 'lab_data.lab_member.user_name'),
	('procedure', 'weighing_datetime', 'lab_data.weighing.weighing_datetime'),
	('procedure', 'notetaker', 'lab_data.lab_member.user_name'),
	('procedure', 'note_datetime', 'lab_data.note.note_datetime'),
	('procedure', 'procedure_datetime', 'lab_data.procedure.procedure_datetime'),
	('watering', 'subject_name', 'lab_data.subject.subject_name'),
	('watering', 'watering_datetime', 'lab_data.watering.watering_datetime'),
	('water_restriction', 'subject_name', 'lab_data.subject.subject_name'),
	('water_restriction', 'user_name', 'lab_data.lab_member.user_name'),
	('water_restriction', 'weighing_datetime', 'lab_data.weighing.weighing_datetime'),
	('water_restriction', 'water_restriction_start_date', 'lab_data.water_restriction.water_restriction_start_date'),
	('death', 'subject_name', 'lab_data.subject.subject_name'),
	('death', 'notetaker', 'lab_data.lab_member.user_name'),
	('death', 'note_datetime', 'lab_data.note.note_datetime'),
	('atlas', 'atlas_id', 'lab_data.atlas.atlas_id'),
	('atlas__region', 'atlas_id', 'lab_data.atlas.atlas_id'),
	('atlas__region', 'region_acronym', 'lab_data.atlas__region.region_acronym'),
	('_fixed_brain', 'subject_name', 'lab_data.subject.subject_name'),
	('_fixed_brain', 'session_name', 'lab_data.session.session_name'),
	('_fixed_brain', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_fixed_brain', 'file_path', 'lab_data.file.file_path'),
	('_fixed_brain', 'storage', 'lab_data.file.storage'),
	('_fixed_brain__channel', 'subject_name', 'lab_data.subject.subject_name'),
	('_fixed_brain__channel', 'session_name', 'lab_data.session.session_name'),
	('_fixed_brain__channel', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_fixed_brain__channel', 'channel_index', 'lab_data._fixed_brain__channel.channel_index'),
	('probe', 'probe_id', 'lab_data.probe.probe_id'),
	('probe_insertion', 'subject_name', 'lab_data.subject.subject_name'),
	('probe_insertion', 'procedure_type', 'lab_data.#procedure_type.procedure_type'),
	('probe_insertion', 'procedure_datetime', 'lab_data.procedure.procedure_datetime'),
	('probe_insertion', 'probe_id', 'lab_data.probe.probe_id'),
	('probe_extraction', 'subject_name', 'lab_data.subject.subject_name'),
	('probe_extraction', 'procedure_type', 'lab_data.#procedure_type.procedure_type'),
	('probe_extraction', 'procedure_datetime', 'lab_data.procedure.procedure_datetime'),
	('probe_extraction', 'probe_id', 'lab_data.probe.probe_id'),
	('probe_configuration', 'probe_id', 'lab_data.probe.probe_id'),
	('probe_configuration', 'configuration_id', 'lab_data.probe_configuration.configuration_id'),
	('_ephys_recording', 'subject_name', 'lab_data.subject.subject_name'),
	('_ephys_recording', 'session_name', 'lab_data.session.session_name'),
	('_ephys_recording', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_ephys_recording__probe_setting', 'subject_name', 'lab_data.subject.subject_name'),
	('_ephys_recording__probe_setting', 'session_name', 'lab_data.session.session_name'),
	('_ephys_recording__probe_setting', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_ephys_recording__probe_setting', 'probe_id', 'lab_data.probe.probe_id'),
	('_ephys_recording__probe_setting', 'configuration_id', 'lab_data.probe_configuration.configuration_id'),
	('_ephys_recording__probe_setting', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('_ephys_recording__probe_file', 'subject_name', 'lab_data.subject.subject_name'),
	('_ephys_recording__probe_file', 'session_name', 'lab_data.session.session_name'),
	('_ephys_recording__probe_file', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_ephys_recording__probe_file', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('_ephys_recording__probe_file', 'file_path', 'lab_data.file.file_path'),
	('_ephys_recording__probe_file', 'storage', 'lab_data.file.storage'),
	('__ephys_recording_noise_stats', 'subject_name', 'lab_data.subject.subject_name'),
	('__ephys_recording_noise_stats', 'session_name', 'lab_data.session.session_name'),
	('__ephys_recording_noise_stats', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('__ephys_recording_noise_stats', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('_two_photon', 'subject_name', 'lab_data.subject.subject_name'),
	('_two_photon', 'session_name', 'lab_data.session.session_name'),
	('_two_photon', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_two_photon', 'file_path', 'lab_data.file.file_path'),
	('_two_photon', 'storage', 'lab_data.file.storage'),
	('_two_photon', 'atlas_id', 'lab_data.atlas.atlas_id'),
	('_two_photon', 'region_acronym', 'lab_data.atlas__region.region_acronym'),
	('_two_photon__plane', 'subject_name', 'lab_data.subject.subject_name'),
	('_two_photon__plane', 'session_name', 'lab_data.session.session_name'),
	('_two_photon__plane', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_two_photon__plane', 'plane_num', 'lab_data._two_photon__plane.plane_num'),
	('_widefield', 'subject_name', 'lab_data.subject.subject_name'),
	('_widefield', 'session_name', 'lab_data.session.session_name'),
	('_widefield', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_widefield', 'file_path', 'lab_data.file.file_path'),
	('_widefield', 'storage', 'lab_data.file.storage'),
	('_widefield__projection', 'subject_name', 'lab_data.subject.subject_name'),
	('_widefield__projection', 'session_name', 'lab_data.session.session_name'),
	('_widefield__projection', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_widefield__projection', 'proj_name', 'lab_data._widefield__projection.proj_name'),
	('_miniscope', 'subject_name', 'lab_data.subject.subject_name'),
	('_miniscope', 'session_name', 'lab_data.session.session_name'),
	('_miniscope', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_miniscope', 'file_path', 'lab_data.file.file_path'),
	('_miniscope', 'storage', 'lab_data.file.storage'),
	('_miniscope', 'atlas_id', 'lab_data.atlas.atlas_id'),
	('_miniscope', 'region_acronym', 'lab_data.atlas__region.region_acronym'),
	('dataset_video', 'subject_name', 'lab_data.subject.subject_name'),
	('dataset_video', 'session_name', 'lab_data.session.session_name'),
	('dataset_video', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('dataset_video', 'video_name', 'lab_data.dataset_video.video_name'),
	('dataset_video__file', 'subject_name', 'lab_data.subject.subject_name'),
	('dataset_video__file', 'session_name', 'lab_data.session.session_name'),
	('dataset_video__file', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('dataset_video__file', 'video_name', 'lab_data.dataset_video.video_name'),
	('dataset_video__file', 'file_path', 'lab_data.file.file_path'),
	('dataset_video__file', 'storage', 'lab_data.file.storage'),
	('dataset_video__frame', 'subject_name', 'lab_data.subject.subject_name'),
	('dataset_video__frame', 'session_name', 'lab_data.session.session_name'),
	('dataset_video__frame', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('dataset_video__frame', 'video_name', 'lab_data.dataset_video.video_name'),
	('dataset_video__frame', 'frame_num', 'lab_data.dataset_video__frame.frame_num');
INSERT INTO lab_data_computed."~lineage" VALUES
	('compute_task', 'subject_name', 'lab_data.subject.subject_name'),
	('compute_task', 'session_name', 'lab_data.session.session_name'),
	('compute_task', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('compute_task', 'job_id', 'lab_data_computed.compute_task.job_id'),
	('compute_task__assigned_files', 'job_id', 'lab_data_computed.compute_task.job_id'),
	('compute_task__assigned_files', 'file_path', 'lab_data.file.file_path'),
	('compute_task__assigned_files', 'storage', 'lab_data.file.storage'),
	('stream_sync', 'subject_name', 'lab_data.subject.subject_name'),
	('stream_sync', 'session_name', 'lab_data.session.session_name'),
	('stream_sync', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('stream_sync', 'stream_name', 'lab_data._dataset_events.stream_name'),
	('stream_sync', 'event_name', 'lab_data._dataset_events__digital.event_name'),
	('stream_sync', 'clock_dataset', 'lab_data.dataset.dataset_name'),
	('stream_sync', 'clock_stream', 'lab_data._dataset_events.stream_name'),
	('stream_sync', 'clock_stream_event', 'lab_data._dataset_events__digital.event_name'),
	('fixed_brain_transform_parameters', 'subject_name', 'lab_data.subject.subject_name'),
	('fixed_brain_transform_parameters', 'session_name', 'lab_data.session.session_name'),
	('fixed_brain_transform_parameters', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('fixed_brain_transform_parameters', 'transform_id', 'lab_data_computed.fixed_brain_transform_parameters.transform_id'),
	('__fixed_brain_transform', 'subject_name', 'lab_data.subject.subject_name'),
	('__fixed_brain_transform', 'session_name', 'lab_data.session.session_name'),
	('__fixed_brain_transform', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('__fixed_brain_transform', 'transform_id', 'lab_data_computed.fixed_brain_transform_parameters.transform_id'),
	('__fixed_brain_transform', 'file_path', 'lab_data.analysis_file.file_path'),
	('__fixed_brain_transform', 'storage', 'lab_data.analysis_file.storage'),
	('fixed_brain_transform_annotation', 'subject_name', 'lab_data.subject.subject_name'),
	('fixed_brain_transform_annotation', 'session_name', 'lab_data.session.session_name'),
	('fixed_brain_transform_annotation', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('fixed_brain_transform_annotation', 'transform_id', 'lab_data_computed.fixed_brain_transform_parameters.transform_id'),
	('fixed_brain_transform_annotation', 'annotation_id', 'lab_data_computed.fixed_brain_transform_annotation.annotation_id'),
	('probe_brain_region', 'subject_name', 'lab_data.subject.subject_name'),
	('probe_brain_region', 'procedure_type', 'lab_data.#procedure_type.procedure_type'),
	('probe_brain_region', 'procedure_datetime', 'lab_data.procedure.procedure_datetime'),
	('probe_brain_region', 'probe_id', 'lab_data.probe.probe_id'),
	('probe_brain_region', 'configuration_id', 'lab_data.probe_configuration.configuration_id'),
	('probe_brain_region', 'atlas_id', 'lab_data.atlas.atlas_id'),
	('probe_brain_region', 'region_acronym', 'lab_data.atlas__region.region_acronym'),
	('spike_sorting_params', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting', 'features_file', 'lab_data.analysis_file.file_path'),
	('spike_sorting', 'features_storage', 'lab_data.analysis_file.storage'),
	('spike_sorting', 'waveforms_file', 'lab_data.analysis_file.file_path'),
	('spike_sorting', 'waveforms_storage', 'lab_data.analysis_file.storage'),
	('spike_sorting__segment', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting__segment', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting__segment', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting__segment', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting__segment', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting__segment', 'segment_num', 'lab_data_computed.spike_sorting__segment.segment_num'),
	('spike_sorting__unit', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting__unit', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting__unit', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting__unit', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting__unit', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting__unit', 'unit_id', 'lab_data_computed.spike_sorting__unit.unit_id'),
	('spike_sorting__waveforms', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting__waveforms', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting__waveforms', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting__waveforms', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting__waveforms', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting__waveforms', 'unit_id', 'lab_data_computed.spike_sorting__unit.unit_id'),
	('spike_sorting__merged_unit', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting__merged_unit', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting__merged_unit', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting__merged_unit', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting__merged_unit', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting__merged_unit', 'merged_unit_id', 'lab_data_computed.spike_sorting__merged_unit.merged_unit_id'),
	('spike_sorting__merged_unit', 'source_unit_id', 'lab_data_computed.spike_sorting__merged_unit.source_unit_id'),
	('spike_sorting__intermediate_files', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting__intermediate_files', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting__intermediate_files', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting__intermediate_files', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting__intermediate_files', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting__intermediate_files', 'file_path', 'lab_data.analysis_file.file_path'),
	('spike_sorting__intermediate_files', 'storage', 'lab_data.analysis_file.storage'),
	('spike_sorting__linked_datasets', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting__linked_datasets', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting__linked_datasets', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting__linked_datasets', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting__linked_datasets', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting__linked_datasets', 'linked_session_name', 'lab_data.session.session_name'),
	('spike_sorting__linked_datasets', 'linked_dataset_session', 'lab_data.dataset.dataset_name'),
	('spike_sorting__motion', 'subject_name', 'lab_data.subject.subject_name'),
	('spike_sorting__motion', 'session_name', 'lab_data.session.session_name'),
	('spike_sorting__motion', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('spike_sorting__motion', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('spike_sorting__motion', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('spike_sorting__motion', 'motion_num', 'lab_data_computed.spike_sorting__motion.motion_num'),
	('__unit_metrics', 'subject_name', 'lab_data.subject.subject_name'),
	('__unit_metrics', 'session_name', 'lab_data.session.session_name'),
	('__unit_metrics', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('__unit_metrics', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('__unit_metrics', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('__unit_metrics', 'unit_id', 'lab_data_computed.spike_sorting__unit.unit_id'),
	('unit_count_criteria', 'unit_criteria_id', 'lab_data_computed.unit_count_criteria.unit_criteria_id'),
	('__unit_count', 'subject_name', 'lab_data.subject.subject_name'),
	('__unit_count', 'session_name', 'lab_data.session.session_name'),
	('__unit_count', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('__unit_count', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('__unit_count', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('__unit_count', 'unit_criteria_id', 'lab_data_computed.unit_count_criteria.unit_criteria_id'),
	('__unit_count__unit', 'subject_name', 'lab_data.subject.subject_name'),
	('__unit_count__unit', 'session_name', 'lab_data.session.session_name'),
	('__unit_count__unit', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('__unit_count__unit', 'probe_num', 'lab_data._ephys_recording__probe_setting.probe_num'),
	('__unit_count__unit', 'parameter_set_num', 'lab_data_computed.spike_sorting_params.parameter_set_num'),
	('__unit_count__unit', 'unit_criteria_id', 'lab_data_computed.unit_count_criteria.unit_criteria_id'),
	('__unit_count__unit', 'unit_id', 'lab_data_computed.spike_sorting__unit.unit_id'),
	('cell_segmentation_params', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation', 'file_path', 'lab_data.analysis_file.file_path'),
	('_cell_segmentation', 'storage', 'lab_data.analysis_file.storage'),
	('_cell_segmentation__plane', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__plane', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__plane', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__plane', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__plane', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__motion_correction', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__motion_correction', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__motion_correction', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__motion_correction', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__motion_correction', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__projection', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__projection', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__projection', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__projection', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__projection', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__projection', 'proj_name', 'lab_data_computed._cell_segmentation__projection.proj_name'),
	('_cell_segmentation__r_o_i', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__r_o_i', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__r_o_i', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__r_o_i', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__r_o_i', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__r_o_i', 'roi_num', 'lab_data_computed._cell_segmentation__r_o_i.roi_num'),
	('_cell_segmentation__raw_traces', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__raw_traces', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__raw_traces', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__raw_traces', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__raw_traces', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__raw_traces', 'roi_num', 'lab_data_computed._cell_segmentation__r_o_i.roi_num'),
	('_cell_segmentation__traces', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__traces', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__traces', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__traces', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__traces', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__traces', 'roi_num', 'lab_data_computed._cell_segmentation__r_o_i.roi_num'),
	('_cell_segmentation__deconvolved', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__deconvolved', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__deconvolved', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__deconvolved', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__deconvolved', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__deconvolved', 'roi_num', 'lab_data_computed._cell_segmentation__r_o_i.roi_num'),
	('_cell_segmentation__selection', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__selection', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__selection', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__selection', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__selection', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('_cell_segmentation__selection', 'roi_num', 'lab_data_computed._cell_segmentation__r_o_i.roi_num'),
	('_cell_segmentation__selection', 'selection_method', 'lab_data_computed._cell_segmentation__selection.selection_method'),
	('_cell_segmentation__linked_datasets', 'subject_name', 'lab_data.subject.subject_name'),
	('_cell_segmentation__linked_datasets', 'session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__linked_datasets', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__linked_datasets', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('_cell_segmentation__linked_datasets', 'linked_session_name', 'lab_data.session.session_name'),
	('_cell_segmentation__linked_datasets', 'linked_dataset_session', 'lab_data.dataset.dataset_name'),
	('_cell_segmentation__linked_datasets', 'linked_session_id', 'lab_data_computed._cell_segmentation__linked_datasets.linked_session_id'),
	('__cell_segmentation_metrics', 'subject_name', 'lab_data.subject.subject_name'),
	('__cell_segmentation_metrics', 'session_name', 'lab_data.session.session_name'),
	('__cell_segmentation_metrics', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('__cell_segmentation_metrics', 'parameter_set_num', 'lab_data_computed.cell_segmentation_params.parameter_set_num'),
	('__cell_segmentation_metrics', 'plane_num', 'lab_data_computed._cell_segmentation__plane.plane_num'),
	('__cell_segmentation_metrics', 'roi_num', 'lab_data_computed._cell_segmentation__r_o_i.roi_num'),
	('_decision_task', 'subject_name', 'lab_data.subject.subject_name'),
	('_decision_task', 'session_name', 'lab_data.session.session_name'),
	('_decision_task', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_decision_task', 'watering_datetime', 'lab_data.watering.watering_datetime'),
	('_decision_task__trial_set', 'subject_name', 'lab_data.subject.subject_name'),
	('_decision_task__trial_set', 'session_name', 'lab_data.session.session_name'),
	('_decision_task__trial_set', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('_decision_task__trial_set', 'trialset_description', 'lab_data_computed._decision_task__trial_set.trialset_description'),
	('pose_estimation_label_set', 'labeler', 'lab_data.lab_member.user_name'),
	('pose_estimation_label_set', 'pose_label_set_num', 'lab_data_computed.pose_estimation_label_set.pose_label_set_num'),
	('pose_estimation_label_set__frame', 'pose_label_set_num', 'lab_data_computed.pose_estimation_label_set.pose_label_set_num'),
	('pose_estimation_label_set__frame', 'subject_name', 'lab_data.subject.subject_name'),
	('pose_estimation_label_set__frame', 'session_name', 'lab_data.session.session_name'),
	('pose_estimation_label_set__frame', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('pose_estimation_label_set__frame', 'video_name', 'lab_data.dataset_video.video_name'),
	('pose_estimation_label_set__frame', 'frame_num', 'lab_data_computed.pose_estimation_label_set__frame.frame_num'),
	('pose_estimation_label_set__label', 'pose_label_set_num', 'lab_data_computed.pose_estimation_label_set.pose_label_set_num'),
	('pose_estimation_label_set__label', 'subject_name', 'lab_data.subject.subject_name'),
	('pose_estimation_label_set__label', 'session_name', 'lab_data.session.session_name'),
	('pose_estimation_label_set__label', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('pose_estimation_label_set__label', 'video_name', 'lab_data.dataset_video.video_name'),
	('pose_estimation_label_set__label', 'frame_num', 'lab_data_computed.pose_estimation_label_set__label.frame_num'),
	('pose_estimation_label_set__label', 'label_name', 'lab_data_computed.pose_estimation_label_set__label.label_name'),
	('pose_estimation_model', 'file_path', 'lab_data.analysis_file.file_path'),
	('pose_estimation_model', 'storage', 'lab_data.analysis_file.storage'),
	('pose_estimation_model', 'pose_label_set_num', 'lab_data_computed.pose_estimation_label_set.pose_label_set_num'),
	('pose_estimation_model', 'model_num', 'lab_data_computed.pose_estimation_model.model_num'),
	('pose_estimation', 'model_num', 'lab_data_computed.pose_estimation_model.model_num'),
	('pose_estimation', 'subject_name', 'lab_data.subject.subject_name'),
	('pose_estimation', 'session_name', 'lab_data.session.session_name'),
	('pose_estimation', 'dataset_name', 'lab_data.dataset.dataset_name'),
	('pose_estimation', 'video_name', 'lab_data.dataset_video.video_name'),
	('pose_estimation', 'label_name', 'lab_data_computed.pose_estimation.label_name');
ALTER TABLE ONLY lab_data."#dataset_type"
    ADD CONSTRAINT "#dataset_type_pkey" PRIMARY KEY (dataset_type);
ALTER TABLE ONLY lab_data."#procedure_type"
    ADD CONSTRAINT "#procedure_type_pkey" PRIMARY KEY (procedure_type);
ALTER TABLE ONLY lab_data."#setup_location"
    ADD CONSTRAINT "#setup_location_pkey" PRIMARY KEY (setup_location);
ALTER TABLE ONLY lab_data."#setup"
    ADD CONSTRAINT "#setup_pkey" PRIMARY KEY (setup_name);
ALTER TABLE ONLY lab_data."#species"
    ADD CONSTRAINT "#species_pkey" PRIMARY KEY (species_name);
ALTER TABLE ONLY lab_data."#strain"
    ADD CONSTRAINT "#strain_pkey" PRIMARY KEY (strain_name);
ALTER TABLE ONLY lab_data.__ephys_recording_noise_stats
    ADD CONSTRAINT __ephys_recording_noise_stats_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num);
ALTER TABLE ONLY lab_data._dataset_events__analog_channel
    ADD CONSTRAINT _dataset_events__analog_channel_pkey PRIMARY KEY (subject_name, session_name, dataset_name, stream_name, channel_name);
ALTER TABLE ONLY lab_data._dataset_events__digital
    ADD CONSTRAINT _dataset_events__digital_pkey PRIMARY KEY (subject_name, session_name, dataset_name, stream_name, event_name);
ALTER TABLE ONLY lab_data._dataset_events
    ADD CONSTRAINT _dataset_events_pkey PRIMARY KEY (subject_name, session_name, dataset_name, stream_name);
ALTER TABLE ONLY lab_data._ephys_recording__probe_file
    ADD CONSTRAINT _ephys_recording__probe_file_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, file_path, storage);
ALTER TABLE ONLY lab_data._ephys_recording__probe_setting
    ADD CONSTRAINT _ephys_recording__probe_setting_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num);
ALTER TABLE ONLY lab_data._ephys_recording
    ADD CONSTRAINT _ephys_recording_pkey PRIMARY KEY (subject_name, session_name, dataset_name);
ALTER TABLE ONLY lab_data._fixed_brain__channel
    ADD CONSTRAINT _fixed_brain__channel_pkey PRIMARY KEY (subject_name, session_name, dataset_name, channel_index);
ALTER TABLE ONLY lab_data._fixed_brain
    ADD CONSTRAINT _fixed_brain_pkey PRIMARY KEY (subject_name, session_name, dataset_name);
ALTER TABLE ONLY lab_data._miniscope
    ADD CONSTRAINT _miniscope_pkey PRIMARY KEY (subject_name, session_name, dataset_name);
ALTER TABLE ONLY lab_data._two_photon__plane
    ADD CONSTRAINT _two_photon__plane_pkey PRIMARY KEY (subject_name, session_name, dataset_name, plane_num);
ALTER TABLE ONLY lab_data._two_photon
    ADD CONSTRAINT _two_photon_pkey PRIMARY KEY (subject_name, session_name, dataset_name);
ALTER TABLE ONLY lab_data._widefield__projection
    ADD CONSTRAINT _widefield__projection_pkey PRIMARY KEY (subject_name, session_name, dataset_name, proj_name);
ALTER TABLE ONLY lab_data._widefield
    ADD CONSTRAINT _widefield_pkey PRIMARY KEY (subject_name, session_name, dataset_name);
ALTER TABLE ONLY lab_data.analysis_file
    ADD CONSTRAINT analysis_file_pkey PRIMARY KEY (file_path, storage);
ALTER TABLE ONLY lab_data.atlas__region
    ADD CONSTRAINT atlas__region_pkey PRIMARY KEY (atlas_id, region_acronym);
ALTER TABLE ONLY lab_data.atlas
    ADD CONSTRAINT atlas_pkey PRIMARY KEY (atlas_id);
ALTER TABLE ONLY lab_data.dataset__data_files
    ADD CONSTRAINT dataset__data_files_pkey PRIMARY KEY (subject_name, session_name, dataset_name, file_path, storage);
ALTER TABLE ONLY lab_data.dataset
    ADD CONSTRAINT dataset_pkey PRIMARY KEY (subject_name, session_name, dataset_name);
ALTER TABLE ONLY lab_data.dataset_video__file
    ADD CONSTRAINT dataset_video__file_pkey PRIMARY KEY (subject_name, session_name, dataset_name, video_name, file_path, storage);
ALTER TABLE ONLY lab_data.dataset_video__frame
    ADD CONSTRAINT dataset_video__frame_pkey PRIMARY KEY (subject_name, session_name, dataset_name, video_name, frame_num);
ALTER TABLE ONLY lab_data.dataset_video
    ADD CONSTRAINT dataset_video_pkey PRIMARY KEY (subject_name, session_name, dataset_name, video_name);
ALTER TABLE ONLY lab_data.death
    ADD CONSTRAINT death_pkey PRIMARY KEY (subject_name);
ALTER TABLE ONLY lab_data.file
    ADD CONSTRAINT file_pkey PRIMARY KEY (file_path, storage);
ALTER TABLE ONLY lab_data.lab_member
    ADD CONSTRAINT lab_member_pkey PRIMARY KEY (user_name);
ALTER TABLE ONLY lab_data.note__attachment
    ADD CONSTRAINT note__attachment_pkey PRIMARY KEY (notetaker, note_datetime, file_path, storage);
ALTER TABLE ONLY lab_data.note__image
    ADD CONSTRAINT note__image_pkey PRIMARY KEY (notetaker, note_datetime, image_id);
ALTER TABLE ONLY lab_data.note
    ADD CONSTRAINT note_pkey PRIMARY KEY (notetaker, note_datetime);
ALTER TABLE ONLY lab_data.probe_configuration
    ADD CONSTRAINT probe_configuration_pkey PRIMARY KEY (probe_id, configuration_id);
ALTER TABLE ONLY lab_data.probe_extraction
    ADD CONSTRAINT probe_extraction_pkey PRIMARY KEY (subject_name, procedure_type, procedure_datetime, probe_id);
ALTER TABLE ONLY lab_data.probe_insertion
    ADD CONSTRAINT probe_insertion_pkey PRIMARY KEY (subject_name, procedure_type, procedure_datetime, probe_id);
ALTER TABLE ONLY lab_data.probe
    ADD CONSTRAINT probe_pkey PRIMARY KEY (probe_id);
ALTER TABLE ONLY lab_data.procedure
    ADD CONSTRAINT procedure_pkey PRIMARY KEY (subject_name, procedure_type, procedure_datetime);
ALTER TABLE ONLY lab_data.processed_file
    ADD CONSTRAINT processed_file_pkey PRIMARY KEY (file_path);
ALTER TABLE ONLY lab_data.project__user
    ADD CONSTRAINT project__user_pkey PRIMARY KEY (project_name, user_name);
ALTER TABLE ONLY lab_data.project
    ADD CONSTRAINT project_pkey PRIMARY KEY (project_name);
ALTER TABLE ONLY lab_data.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (subject_name, session_name);
ALTER TABLE ONLY lab_data.subject
    ADD CONSTRAINT subject_pkey PRIMARY KEY (subject_name);
ALTER TABLE ONLY lab_data.upload_job__assigned_files
    ADD CONSTRAINT upload_job__assigned_files_pkey PRIMARY KEY (job_id, src_path);
ALTER TABLE ONLY lab_data.upload_job
    ADD CONSTRAINT upload_job_pkey PRIMARY KEY (job_id);
ALTER TABLE ONLY lab_data.water_restriction
    ADD CONSTRAINT water_restriction_pkey PRIMARY KEY (subject_name, water_restriction_start_date);
ALTER TABLE ONLY lab_data.watering
    ADD CONSTRAINT watering_pkey PRIMARY KEY (subject_name, watering_datetime);
ALTER TABLE ONLY lab_data.weighing
    ADD CONSTRAINT weighing_pkey PRIMARY KEY (subject_name, weighing_datetime);
ALTER TABLE ONLY lab_data."~lineage"
    ADD CONSTRAINT "~lineage_pkey" PRIMARY KEY (table_name, attribute_name);
ALTER TABLE ONLY lab_data_computed.__cell_segmentation_metrics
    ADD CONSTRAINT __cell_segmentation_metrics_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num);
ALTER TABLE ONLY lab_data_computed.__fixed_brain_transform
    ADD CONSTRAINT __fixed_brain_transform_pkey PRIMARY KEY (subject_name, session_name, dataset_name, transform_id);
ALTER TABLE ONLY lab_data_computed.__unit_count__unit
    ADD CONSTRAINT __unit_count__unit_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_criteria_id, unit_id);
ALTER TABLE ONLY lab_data_computed.__unit_count
    ADD CONSTRAINT __unit_count_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_criteria_id);
ALTER TABLE ONLY lab_data_computed.__unit_metrics
    ADD CONSTRAINT __unit_metrics_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__deconvolved
    ADD CONSTRAINT _cell_segmentation__deconvolved_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__linked_datasets
    ADD CONSTRAINT _cell_segmentation__linked_datasets_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, linked_session_id);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__motion_correction
    ADD CONSTRAINT _cell_segmentation__motion_correction_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__plane
    ADD CONSTRAINT _cell_segmentation__plane_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__projection
    ADD CONSTRAINT _cell_segmentation__projection_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, proj_name);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__r_o_i
    ADD CONSTRAINT _cell_segmentation__r_o_i_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__raw_traces
    ADD CONSTRAINT _cell_segmentation__raw_traces_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__selection
    ADD CONSTRAINT _cell_segmentation__selection_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num, selection_method);
ALTER TABLE ONLY lab_data_computed._cell_segmentation__traces
    ADD CONSTRAINT _cell_segmentation__traces_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num);
ALTER TABLE ONLY lab_data_computed._cell_segmentation
    ADD CONSTRAINT _cell_segmentation_pkey PRIMARY KEY (subject_name, session_name, dataset_name, parameter_set_num);
ALTER TABLE ONLY lab_data_computed._decision_task__trial_set
    ADD CONSTRAINT _decision_task__trial_set_pkey PRIMARY KEY (subject_name, session_name, dataset_name, trialset_description);
ALTER TABLE ONLY lab_data_computed._decision_task
    ADD CONSTRAINT _decision_task_pkey PRIMARY KEY (subject_name, session_name, dataset_name);
ALTER TABLE ONLY lab_data_computed.cell_segmentation_params
    ADD CONSTRAINT cell_segmentation_params_pkey PRIMARY KEY (parameter_set_num);
ALTER TABLE ONLY lab_data_computed.compute_task__assigned_files
    ADD CONSTRAINT compute_task__assigned_files_pkey PRIMARY KEY (job_id, file_path, storage);
ALTER TABLE ONLY lab_data_computed.compute_task
    ADD CONSTRAINT compute_task_pkey PRIMARY KEY (job_id);
ALTER TABLE ONLY lab_data_computed.fixed_brain_transform_annotation
    ADD CONSTRAINT fixed_brain_transform_annotation_pkey PRIMARY KEY (subject_name, session_name, dataset_name, transform_id, annotation_id);
ALTER TABLE ONLY lab_data_computed.fixed_brain_transform_parameters
    ADD CONSTRAINT fixed_brain_transform_parameters_pkey PRIMARY KEY (subject_name, session_name, dataset_name, transform_id);
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set__frame
    ADD CONSTRAINT pose_estimation_label_set__frame_pkey PRIMARY KEY (pose_label_set_num, subject_name, session_name, dataset_name, video_name, frame_num);
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set__label
    ADD CONSTRAINT pose_estimation_label_set__label_pkey PRIMARY KEY (pose_label_set_num, subject_name, session_name, dataset_name, video_name, frame_num, label_name);
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set
    ADD CONSTRAINT pose_estimation_label_set_pkey PRIMARY KEY (pose_label_set_num);
ALTER TABLE ONLY lab_data_computed.pose_estimation_model
    ADD CONSTRAINT pose_estimation_model_pkey PRIMARY KEY (model_num);
ALTER TABLE ONLY lab_data_computed.pose_estimation
    ADD CONSTRAINT pose_estimation_pkey PRIMARY KEY (model_num, subject_name, session_name, dataset_name, video_name, label_name);
ALTER TABLE ONLY lab_data_computed.probe_brain_region
    ADD CONSTRAINT probe_brain_region_pkey PRIMARY KEY (subject_name, procedure_type, procedure_datetime, probe_id, configuration_id, atlas_id, region_acronym);
ALTER TABLE ONLY lab_data_computed.spike_sorting__intermediate_files
    ADD CONSTRAINT spike_sorting__intermediate_files_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, file_path, storage);
ALTER TABLE ONLY lab_data_computed.spike_sorting__linked_datasets
    ADD CONSTRAINT spike_sorting__linked_datasets_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, linked_session_name, linked_dataset_session);
ALTER TABLE ONLY lab_data_computed.spike_sorting__merged_unit
    ADD CONSTRAINT spike_sorting__merged_unit_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, merged_unit_id, source_unit_id);
ALTER TABLE ONLY lab_data_computed.spike_sorting__motion
    ADD CONSTRAINT spike_sorting__motion_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, motion_num);
ALTER TABLE ONLY lab_data_computed.spike_sorting__segment
    ADD CONSTRAINT spike_sorting__segment_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, segment_num);
ALTER TABLE ONLY lab_data_computed.spike_sorting__unit
    ADD CONSTRAINT spike_sorting__unit_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id);
ALTER TABLE ONLY lab_data_computed.spike_sorting__waveforms
    ADD CONSTRAINT spike_sorting__waveforms_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id);
ALTER TABLE ONLY lab_data_computed.spike_sorting_params
    ADD CONSTRAINT spike_sorting_params_pkey PRIMARY KEY (parameter_set_num);
ALTER TABLE ONLY lab_data_computed.spike_sorting
    ADD CONSTRAINT spike_sorting_pkey PRIMARY KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num);
ALTER TABLE ONLY lab_data_computed.stream_sync
    ADD CONSTRAINT stream_sync_pkey PRIMARY KEY (subject_name, session_name, dataset_name, stream_name, event_name, clock_dataset, clock_stream, clock_stream_event);
ALTER TABLE ONLY lab_data_computed.unit_count_criteria
    ADD CONSTRAINT unit_count_criteria_pkey PRIMARY KEY (unit_criteria_id);
ALTER TABLE ONLY lab_data_computed."~lineage"
    ADD CONSTRAINT "~lineage_pkey" PRIMARY KEY (table_name, attribute_name);
CREATE INDEX "idx_#setup_setup_location" ON lab_data."#setup" USING btree (setup_location);
CREATE INDEX "idx_#strain_species_name" ON lab_data."#strain" USING btree (species_name);
CREATE INDEX idx__ephys_recording__probe_file_file_path_storage ON lab_data._ephys_recording__probe_file USING btree (file_path, storage);
CREATE INDEX idx__ephys_recording__probe_setting_probe_id_configuration_id ON lab_data._ephys_recording__probe_setting USING btree (probe_id, configuration_id);
CREATE INDEX idx__fixed_brain_file_path_storage ON lab_data._fixed_brain USING btree (file_path, storage);
CREATE INDEX idx__miniscope_atlas_id_region_acronym ON lab_data._miniscope USING btree (atlas_id, region_acronym);
CREATE INDEX idx__miniscope_file_path_storage ON lab_data._miniscope USING btree (file_path, storage);
CREATE INDEX idx__two_photon_atlas_id_region_acronym ON lab_data._two_photon USING btree (atlas_id, region_acronym);
CREATE INDEX idx__two_photon_file_path_storage ON lab_data._two_photon USING btree (file_path, storage);
CREATE INDEX idx__widefield_file_path_storage ON lab_data._widefield USING btree (file_path, storage);
CREATE INDEX idx_dataset__data_files_file_path_storage ON lab_data.dataset__data_files USING btree (file_path, storage);
CREATE INDEX idx_dataset_dataset_type ON lab_data.dataset USING btree (dataset_type);
CREATE INDEX idx_dataset_notetaker_note_datetime ON lab_data.dataset USING btree (notetaker, note_datetime);
CREATE INDEX idx_dataset_setup_name ON lab_data.dataset USING btree (setup_name);
CREATE INDEX idx_dataset_video__file_file_path_storage ON lab_data.dataset_video__file USING btree (file_path, storage);
CREATE INDEX idx_death_notetaker_note_datetime ON lab_data.death USING btree (notetaker, note_datetime);
CREATE INDEX idx_note__attachment_file_path_storage ON lab_data.note__attachment USING btree (file_path, storage);
CREATE INDEX idx_probe_extraction_probe_id ON lab_data.probe_extraction USING btree (probe_id);
CREATE INDEX idx_probe_insertion_probe_id ON lab_data.probe_insertion USING btree (probe_id);
CREATE INDEX idx_procedure_notetaker_note_datetime ON lab_data.procedure USING btree (notetaker, note_datetime);
CREATE INDEX idx_procedure_procedure_type ON lab_data.procedure USING btree (procedure_type);
CREATE INDEX idx_procedure_subject_name_weighing_datetime ON lab_data.procedure USING btree (subject_name, weighing_datetime);
CREATE INDEX idx_procedure_user_name ON lab_data.procedure USING btree (user_name);
CREATE INDEX idx_project__user_user_name ON lab_data.project__user USING btree (user_name);
CREATE INDEX idx_project_project_contact ON lab_data.project USING btree (project_contact);
CREATE INDEX idx_session_experimenter ON lab_data.session USING btree (experimenter);
CREATE INDEX idx_subject_strain_name ON lab_data.subject USING btree (strain_name);
CREATE INDEX idx_subject_user_name ON lab_data.subject USING btree (user_name);
CREATE INDEX idx_upload_job_project_name ON lab_data.upload_job USING btree (project_name);
CREATE INDEX idx_water_restriction_subject_name_weighing_datetime ON lab_data.water_restriction USING btree (subject_name, weighing_datetime);
CREATE INDEX idx_water_restriction_user_name ON lab_data.water_restriction USING btree (user_name);
CREATE INDEX idx___fixed_brain_transform_file_path_storage ON lab_data_computed.__fixed_brain_transform USING btree (file_path, storage);
CREATE INDEX idx___unit_count__unit_subject_name_session_name_data ON lab_data_computed.__unit_count__unit USING btree (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id);
CREATE INDEX idx___unit_count_unit_criteria_id ON lab_data_computed.__unit_count USING btree (unit_criteria_id);
CREATE INDEX idx__cell_segmentation__linked_datasets_subject_name_linked_ses ON lab_data_computed._cell_segmentation__linked_datasets USING btree (subject_name, linked_session_name, linked_dataset_session);
CREATE INDEX idx__cell_segmentation_file_path_storage ON lab_data_computed._cell_segmentation USING btree (file_path, storage);
CREATE INDEX idx__cell_segmentation_parameter_set_num ON lab_data_computed._cell_segmentation USING btree (parameter_set_num);
CREATE INDEX idx__decision_task_subject_name_watering_datetime ON lab_data_computed._decision_task USING btree (subject_name, watering_datetime);
CREATE INDEX idx_compute_task__assigned_files_file_path_storage ON lab_data_computed.compute_task__assigned_files USING btree (file_path, storage);
CREATE INDEX idx_compute_task_subject_name_session_name_data ON lab_data_computed.compute_task USING btree (subject_name, session_name, dataset_name);
CREATE INDEX idx_pose_estimation_label_set__frame_subject_name_session_name_ ON lab_data_computed.pose_estimation_label_set__frame USING btree (subject_name, session_name, dataset_name, video_name);
CREATE INDEX idx_pose_estimation_label_set__label_subject_name_session_name_ ON lab_data_computed.pose_estimation_label_set__label USING btree (subject_name, session_name, dataset_name, video_name);
CREATE INDEX idx_pose_estimation_label_set_labeler ON lab_data_computed.pose_estimation_label_set USING btree (labeler);
CREATE INDEX idx_pose_estimation_model_file_path_storage ON lab_data_computed.pose_estimation_model USING btree (file_path, storage);
CREATE INDEX idx_pose_estimation_model_pose_label_set_num ON lab_data_computed.pose_estimation_model USING btree (pose_label_set_num);
CREATE INDEX idx_pose_estimation_subject_name_session_name_data ON lab_data_computed.pose_estimation USING btree (subject_name, session_name, dataset_name, video_name);
CREATE INDEX idx_probe_brain_region_atlas_id_region_acronym ON lab_data_computed.probe_brain_region USING btree (atlas_id, region_acronym);
CREATE INDEX idx_probe_brain_region_probe_id_configuration_id ON lab_data_computed.probe_brain_region USING btree (probe_id, configuration_id);
CREATE INDEX idx_spike_sorting__intermediate_files_file_path_storage ON lab_data_computed.spike_sorting__intermediate_files USING btree (file_path, storage);
CREATE INDEX idx_spike_sorting__linked_datasets_subject_name_linked_session_ ON lab_data_computed.spike_sorting__linked_datasets USING btree (subject_name, linked_session_name, linked_dataset_session);
CREATE INDEX idx_spike_sorting_features_file_features_storage ON lab_data_computed.spike_sorting USING btree (features_file, features_storage);
CREATE INDEX idx_spike_sorting_parameter_set_num ON lab_data_computed.spike_sorting USING btree (parameter_set_num);
CREATE INDEX idx_spike_sorting_waveforms_file_waveforms_stora ON lab_data_computed.spike_sorting USING btree (waveforms_file, waveforms_storage);
CREATE INDEX idx_stream_sync_subject_name_session_name_cloc ON lab_data_computed.stream_sync USING btree (subject_name, session_name, clock_dataset, clock_stream, clock_stream_event);
ALTER TABLE ONLY lab_data."#setup"
    ADD CONSTRAINT "#setup_setup_location_fkey" FOREIGN KEY (setup_location) REFERENCES lab_data."#setup_location"(setup_location) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data."#strain"
    ADD CONSTRAINT "#strain_species_name_fkey" FOREIGN KEY (species_name) REFERENCES lab_data."#species"(species_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.__ephys_recording_noise_stats
    ADD CONSTRAINT __ephys_recording_noise_stats_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num) REFERENCES lab_data._ephys_recording__probe_setting(subject_name, session_name, dataset_name, probe_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._dataset_events__analog_channel
    ADD CONSTRAINT _dataset_events__analog_chann_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, stream_name) REFERENCES lab_data._dataset_events(subject_name, session_name, dataset_name, stream_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._dataset_events__digital
    ADD CONSTRAINT _dataset_events__digital_subject_name_session_name_dataset_fkey FOREIGN KEY (subject_name, session_name, dataset_name, stream_name) REFERENCES lab_data._dataset_events(subject_name, session_name, dataset_name, stream_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._dataset_events
    ADD CONSTRAINT _dataset_events_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._ephys_recording__probe_file
    ADD CONSTRAINT _ephys_recording__probe_file_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._ephys_recording__probe_file
    ADD CONSTRAINT _ephys_recording__probe_file_subject_name_session_name_dat_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num) REFERENCES lab_data._ephys_recording__probe_setting(subject_name, session_name, dataset_name, probe_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._ephys_recording__probe_setting
    ADD CONSTRAINT _ephys_recording__probe_setti_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data._ephys_recording(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._ephys_recording__probe_setting
    ADD CONSTRAINT _ephys_recording__probe_setting_probe_id_configuration_id_fkey FOREIGN KEY (probe_id, configuration_id) REFERENCES lab_data.probe_configuration(probe_id, configuration_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._ephys_recording
    ADD CONSTRAINT _ephys_recording_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._fixed_brain__channel
    ADD CONSTRAINT _fixed_brain__channel_subject_name_session_name_dataset_na_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data._fixed_brain(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._fixed_brain
    ADD CONSTRAINT _fixed_brain_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._fixed_brain
    ADD CONSTRAINT _fixed_brain_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._miniscope
    ADD CONSTRAINT _miniscope_atlas_id_region_acronym_fkey FOREIGN KEY (atlas_id, region_acronym) REFERENCES lab_data.atlas__region(atlas_id, region_acronym) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._miniscope
    ADD CONSTRAINT _miniscope_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._miniscope
    ADD CONSTRAINT _miniscope_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._two_photon__plane
    ADD CONSTRAINT _two_photon__plane_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data._two_photon(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._two_photon
    ADD CONSTRAINT _two_photon_atlas_id_region_acronym_fkey FOREIGN KEY (atlas_id, region_acronym) REFERENCES lab_data.atlas__region(atlas_id, region_acronym) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._two_photon
    ADD CONSTRAINT _two_photon_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._two_photon
    ADD CONSTRAINT _two_photon_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._widefield__projection
    ADD CONSTRAINT _widefield__projection_subject_name_session_name_dataset_n_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data._widefield(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._widefield
    ADD CONSTRAINT _widefield_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data._widefield
    ADD CONSTRAINT _widefield_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.atlas__region
    ADD CONSTRAINT atlas__region_atlas_id_fkey FOREIGN KEY (atlas_id) REFERENCES lab_data.atlas(atlas_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset__data_files
    ADD CONSTRAINT dataset__data_files_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset__data_files
    ADD CONSTRAINT dataset__data_files_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset
    ADD CONSTRAINT dataset_dataset_type_fkey FOREIGN KEY (dataset_type) REFERENCES lab_data."#dataset_type"(dataset_type) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset
    ADD CONSTRAINT dataset_notetaker_note_datetime_fkey FOREIGN KEY (notetaker, note_datetime) REFERENCES lab_data.note(notetaker, note_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset
    ADD CONSTRAINT dataset_setup_name_fkey FOREIGN KEY (setup_name) REFERENCES lab_data."#setup"(setup_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset
    ADD CONSTRAINT dataset_subject_name_fkey FOREIGN KEY (subject_name) REFERENCES lab_data.subject(subject_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset
    ADD CONSTRAINT dataset_subject_name_session_name_fkey FOREIGN KEY (subject_name, session_name) REFERENCES lab_data.session(subject_name, session_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset_video__file
    ADD CONSTRAINT dataset_video__file_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset_video__file
    ADD CONSTRAINT dataset_video__file_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name, video_name) REFERENCES lab_data.dataset_video(subject_name, session_name, dataset_name, video_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset_video__frame
    ADD CONSTRAINT dataset_video__frame_subject_name_session_name_dataset_nam_fkey FOREIGN KEY (subject_name, session_name, dataset_name, video_name) REFERENCES lab_data.dataset_video(subject_name, session_name, dataset_name, video_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.dataset_video
    ADD CONSTRAINT dataset_video_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.death
    ADD CONSTRAINT death_notetaker_note_datetime_fkey FOREIGN KEY (notetaker, note_datetime) REFERENCES lab_data.note(notetaker, note_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.death
    ADD CONSTRAINT death_subject_name_fkey FOREIGN KEY (subject_name) REFERENCES lab_data.subject(subject_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.note__attachment
    ADD CONSTRAINT note__attachment_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.note__attachment
    ADD CONSTRAINT note__attachment_notetaker_note_datetime_fkey FOREIGN KEY (notetaker, note_datetime) REFERENCES lab_data.note(notetaker, note_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.note__image
    ADD CONSTRAINT note__image_notetaker_note_datetime_fkey FOREIGN KEY (notetaker, note_datetime) REFERENCES lab_data.note(notetaker, note_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.note
    ADD CONSTRAINT note_notetaker_fkey FOREIGN KEY (notetaker) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.probe_configuration
    ADD CONSTRAINT probe_configuration_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES lab_data.probe(probe_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.probe_extraction
    ADD CONSTRAINT probe_extraction_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES lab_data.probe(probe_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.probe_extraction
    ADD CONSTRAINT probe_extraction_subject_name_procedure_type_procedure_dat_fkey FOREIGN KEY (subject_name, procedure_type, procedure_datetime) REFERENCES lab_data.procedure(subject_name, procedure_type, procedure_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.probe_insertion
    ADD CONSTRAINT probe_insertion_probe_id_fkey FOREIGN KEY (probe_id) REFERENCES lab_data.probe(probe_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.probe_insertion
    ADD CONSTRAINT probe_insertion_subject_name_procedure_type_procedure_date_fkey FOREIGN KEY (subject_name, procedure_type, procedure_datetime) REFERENCES lab_data.procedure(subject_name, procedure_type, procedure_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.procedure
    ADD CONSTRAINT procedure_notetaker_note_datetime_fkey FOREIGN KEY (notetaker, note_datetime) REFERENCES lab_data.note(notetaker, note_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.procedure
    ADD CONSTRAINT procedure_procedure_type_fkey FOREIGN KEY (procedure_type) REFERENCES lab_data."#procedure_type"(procedure_type) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.procedure
    ADD CONSTRAINT procedure_subject_name_fkey FOREIGN KEY (subject_name) REFERENCES lab_data.subject(subject_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.procedure
    ADD CONSTRAINT procedure_subject_name_weighing_datetime_fkey FOREIGN KEY (subject_name, weighing_datetime) REFERENCES lab_data.weighing(subject_name, weighing_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.procedure
    ADD CONSTRAINT procedure_user_name_fkey FOREIGN KEY (user_name) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.project__user
    ADD CONSTRAINT project__user_project_name_fkey FOREIGN KEY (project_name) REFERENCES lab_data.project(project_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.project__user
    ADD CONSTRAINT project__user_user_name_fkey FOREIGN KEY (user_name) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.project
    ADD CONSTRAINT project_project_contact_fkey FOREIGN KEY (project_contact) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.session
    ADD CONSTRAINT session_experimenter_fkey FOREIGN KEY (experimenter) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.session
    ADD CONSTRAINT session_subject_name_fkey FOREIGN KEY (subject_name) REFERENCES lab_data.subject(subject_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.subject
    ADD CONSTRAINT subject_strain_name_fkey FOREIGN KEY (strain_name) REFERENCES lab_data."#strain"(strain_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.subject
    ADD CONSTRAINT subject_user_name_fkey FOREIGN KEY (user_name) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.upload_job__assigned_files
    ADD CONSTRAINT upload_job__assigned_files_job_id_fkey FOREIGN KEY (job_id) REFERENCES lab_data.upload_job(job_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.upload_job
    ADD CONSTRAINT upload_job_project_name_fkey FOREIGN KEY (project_name) REFERENCES lab_data.project(project_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.water_restriction
    ADD CONSTRAINT water_restriction_subject_name_fkey FOREIGN KEY (subject_name) REFERENCES lab_data.subject(subject_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.water_restriction
    ADD CONSTRAINT water_restriction_subject_name_weighing_datetime_fkey FOREIGN KEY (subject_name, weighing_datetime) REFERENCES lab_data.weighing(subject_name, weighing_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.water_restriction
    ADD CONSTRAINT water_restriction_user_name_fkey FOREIGN KEY (user_name) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.watering
    ADD CONSTRAINT watering_subject_name_fkey FOREIGN KEY (subject_name) REFERENCES lab_data.subject(subject_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data.weighing
    ADD CONSTRAINT weighing_subject_name_fkey FOREIGN KEY (subject_name) REFERENCES lab_data.subject(subject_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__cell_segmentation_metrics
    ADD CONSTRAINT __cell_segmentation_metrics_subject_name_session_name_data_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) REFERENCES lab_data_computed._cell_segmentation__r_o_i(subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__fixed_brain_transform
    ADD CONSTRAINT __fixed_brain_transform_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.analysis_file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__fixed_brain_transform
    ADD CONSTRAINT __fixed_brain_transform_subject_name_session_name_dataset__fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data._fixed_brain(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__fixed_brain_transform
    ADD CONSTRAINT __fixed_brain_transform_subject_name_session_name_dataset_fkey1 FOREIGN KEY (subject_name, session_name, dataset_name, transform_id) REFERENCES lab_data_computed.fixed_brain_transform_parameters(subject_name, session_name, dataset_name, transform_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__unit_count__unit
    ADD CONSTRAINT __unit_count__unit_subject_name_session_name_dataset_name__fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_criteria_id) REFERENCES lab_data_computed.__unit_count(subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_criteria_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__unit_count__unit
    ADD CONSTRAINT __unit_count__unit_subject_name_session_name_dataset_name_fkey1 FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id) REFERENCES lab_data_computed.__unit_metrics(subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__unit_count
    ADD CONSTRAINT __unit_count_subject_name_session_name_dataset_name_probe__fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num) REFERENCES lab_data_computed.spike_sorting(subject_name, session_name, dataset_name, probe_num, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__unit_count
    ADD CONSTRAINT __unit_count_unit_criteria_id_fkey FOREIGN KEY (unit_criteria_id) REFERENCES lab_data_computed.unit_count_criteria(unit_criteria_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.__unit_metrics
    ADD CONSTRAINT __unit_metrics_subject_name_session_name_dataset_name_prob_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id) REFERENCES lab_data_computed.spike_sorting__unit(subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__deconvolved
    ADD CONSTRAINT _cell_segmentation__deconvolv_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) REFERENCES lab_data_computed._cell_segmentation__r_o_i(subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__linked_datasets
    ADD CONSTRAINT _cell_segmentation__linked_da_subject_name_linked_session__fkey FOREIGN KEY (subject_name, linked_session_name, linked_dataset_session) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__linked_datasets
    ADD CONSTRAINT _cell_segmentation__linked_da_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num) REFERENCES lab_data_computed._cell_segmentation(subject_name, session_name, dataset_name, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__motion_correction
    ADD CONSTRAINT _cell_segmentation__motion_co_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num) REFERENCES lab_data_computed._cell_segmentation__plane(subject_name, session_name, dataset_name, parameter_set_num, plane_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__plane
    ADD CONSTRAINT _cell_segmentation__plane_subject_name_session_name_datase_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num) REFERENCES lab_data_computed._cell_segmentation(subject_name, session_name, dataset_name, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__projection
    ADD CONSTRAINT _cell_segmentation__projectio_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num) REFERENCES lab_data_computed._cell_segmentation__plane(subject_name, session_name, dataset_name, parameter_set_num, plane_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__r_o_i
    ADD CONSTRAINT _cell_segmentation__r_o_i_subject_name_session_name_datase_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num) REFERENCES lab_data_computed._cell_segmentation__plane(subject_name, session_name, dataset_name, parameter_set_num, plane_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__raw_traces
    ADD CONSTRAINT _cell_segmentation__raw_trace_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) REFERENCES lab_data_computed._cell_segmentation__r_o_i(subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__selection
    ADD CONSTRAINT _cell_segmentation__selection_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) REFERENCES lab_data_computed._cell_segmentation__r_o_i(subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation__traces
    ADD CONSTRAINT _cell_segmentation__traces_subject_name_session_name_datas_fkey FOREIGN KEY (subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) REFERENCES lab_data_computed._cell_segmentation__r_o_i(subject_name, session_name, dataset_name, parameter_set_num, plane_num, roi_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation
    ADD CONSTRAINT _cell_segmentation_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.analysis_file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation
    ADD CONSTRAINT _cell_segmentation_parameter_set_num_fkey FOREIGN KEY (parameter_set_num) REFERENCES lab_data_computed.cell_segmentation_params(parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._cell_segmentation
    ADD CONSTRAINT _cell_segmentation_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._decision_task__trial_set
    ADD CONSTRAINT _decision_task__trial_set_subject_name_session_name_datase_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data_computed._decision_task(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._decision_task
    ADD CONSTRAINT _decision_task_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed._decision_task
    ADD CONSTRAINT _decision_task_subject_name_watering_datetime_fkey FOREIGN KEY (subject_name, watering_datetime) REFERENCES lab_data.watering(subject_name, watering_datetime) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.compute_task__assigned_files
    ADD CONSTRAINT compute_task__assigned_files_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.compute_task__assigned_files
    ADD CONSTRAINT compute_task__assigned_files_job_id_fkey FOREIGN KEY (job_id) REFERENCES lab_data_computed.compute_task(job_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.compute_task
    ADD CONSTRAINT compute_task_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.fixed_brain_transform_annotation
    ADD CONSTRAINT fixed_brain_transform_annotat_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, transform_id) REFERENCES lab_data_computed.__fixed_brain_transform(subject_name, session_name, dataset_name, transform_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.fixed_brain_transform_parameters
    ADD CONSTRAINT fixed_brain_transform_paramet_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data._fixed_brain(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set__frame
    ADD CONSTRAINT pose_estimation_label_set__fr_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, video_name) REFERENCES lab_data.dataset_video(subject_name, session_name, dataset_name, video_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set__frame
    ADD CONSTRAINT pose_estimation_label_set__frame_pose_label_set_num_fkey FOREIGN KEY (pose_label_set_num) REFERENCES lab_data_computed.pose_estimation_label_set(pose_label_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set__label
    ADD CONSTRAINT pose_estimation_label_set__la_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, video_name) REFERENCES lab_data.dataset_video(subject_name, session_name, dataset_name, video_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set__label
    ADD CONSTRAINT pose_estimation_label_set__label_pose_label_set_num_fkey FOREIGN KEY (pose_label_set_num) REFERENCES lab_data_computed.pose_estimation_label_set(pose_label_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation_label_set
    ADD CONSTRAINT pose_estimation_label_set_labeler_fkey FOREIGN KEY (labeler) REFERENCES lab_data.lab_member(user_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation_model
    ADD CONSTRAINT pose_estimation_model_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.analysis_file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation
    ADD CONSTRAINT pose_estimation_model_num_fkey FOREIGN KEY (model_num) REFERENCES lab_data_computed.pose_estimation_model(model_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation_model
    ADD CONSTRAINT pose_estimation_model_pose_label_set_num_fkey FOREIGN KEY (pose_label_set_num) REFERENCES lab_data_computed.pose_estimation_label_set(pose_label_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.pose_estimation
    ADD CONSTRAINT pose_estimation_subject_name_session_name_dataset_name_vid_fkey FOREIGN KEY (subject_name, session_name, dataset_name, video_name) REFERENCES lab_data.dataset_video(subject_name, session_name, dataset_name, video_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.probe_brain_region
    ADD CONSTRAINT probe_brain_region_atlas_id_region_acronym_fkey FOREIGN KEY (atlas_id, region_acronym) REFERENCES lab_data.atlas__region(atlas_id, region_acronym) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.probe_brain_region
    ADD CONSTRAINT probe_brain_region_probe_id_configuration_id_fkey FOREIGN KEY (probe_id, configuration_id) REFERENCES lab_data.probe_configuration(probe_id, configuration_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.probe_brain_region
    ADD CONSTRAINT probe_brain_region_subject_name_procedure_type_procedure_d_fkey FOREIGN KEY (subject_name, procedure_type, procedure_datetime, probe_id) REFERENCES lab_data.probe_insertion(subject_name, procedure_type, procedure_datetime, probe_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__intermediate_files
    ADD CONSTRAINT spike_sorting__intermediate_f_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num) REFERENCES lab_data_computed.spike_sorting(subject_name, session_name, dataset_name, probe_num, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__intermediate_files
    ADD CONSTRAINT spike_sorting__intermediate_files_file_path_storage_fkey FOREIGN KEY (file_path, storage) REFERENCES lab_data.analysis_file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__linked_datasets
    ADD CONSTRAINT spike_sorting__linked_dataset_subject_name_linked_session__fkey FOREIGN KEY (subject_name, linked_session_name, linked_dataset_session) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__linked_datasets
    ADD CONSTRAINT spike_sorting__linked_dataset_subject_name_session_name_da_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num) REFERENCES lab_data_computed.spike_sorting(subject_name, session_name, dataset_name, probe_num, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__merged_unit
    ADD CONSTRAINT spike_sorting__merged_unit_subject_name_session_name_datas_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num) REFERENCES lab_data_computed.spike_sorting(subject_name, session_name, dataset_name, probe_num, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__motion
    ADD CONSTRAINT spike_sorting__motion_subject_name_session_name_dataset_na_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num) REFERENCES lab_data_computed.spike_sorting(subject_name, session_name, dataset_name, probe_num, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__segment
    ADD CONSTRAINT spike_sorting__segment_subject_name_session_name_dataset_n_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num) REFERENCES lab_data_computed.spike_sorting(subject_name, session_name, dataset_name, probe_num, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__unit
    ADD CONSTRAINT spike_sorting__unit_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num) REFERENCES lab_data_computed.spike_sorting(subject_name, session_name, dataset_name, probe_num, parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting__waveforms
    ADD CONSTRAINT spike_sorting__waveforms_subject_name_session_name_dataset_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id) REFERENCES lab_data_computed.spike_sorting__unit(subject_name, session_name, dataset_name, probe_num, parameter_set_num, unit_id) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting
    ADD CONSTRAINT spike_sorting_features_file_features_storage_fkey FOREIGN KEY (features_file, features_storage) REFERENCES lab_data.analysis_file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting
    ADD CONSTRAINT spike_sorting_parameter_set_num_fkey FOREIGN KEY (parameter_set_num) REFERENCES lab_data_computed.spike_sorting_params(parameter_set_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting
    ADD CONSTRAINT spike_sorting_subject_name_session_name_dataset_name_probe_fkey FOREIGN KEY (subject_name, session_name, dataset_name, probe_num) REFERENCES lab_data._ephys_recording__probe_setting(subject_name, session_name, dataset_name, probe_num) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.spike_sorting
    ADD CONSTRAINT spike_sorting_waveforms_file_waveforms_storage_fkey FOREIGN KEY (waveforms_file, waveforms_storage) REFERENCES lab_data.analysis_file(file_path, storage) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.stream_sync
    ADD CONSTRAINT stream_sync_subject_name_session_name_clock_dataset_clock__fkey FOREIGN KEY (subject_name, session_name, clock_dataset, clock_stream, clock_stream_event) REFERENCES lab_data._dataset_events__digital(subject_name, session_name, dataset_name, stream_name, event_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.stream_sync
    ADD CONSTRAINT stream_sync_subject_name_session_name_dataset_name_fkey FOREIGN KEY (subject_name, session_name, dataset_name) REFERENCES lab_data.dataset(subject_name, session_name, dataset_name) ON UPDATE CASCADE ON DELETE RESTRICT;
ALTER TABLE ONLY lab_data_computed.stream_sync
    ADD CONSTRAINT stream_sync_subject_name_session_name_dataset_name_stream__fkey FOREIGN KEY (subject_name, session_name, dataset_name, stream_name, event_name) REFERENCES lab_data._dataset_events__digital(subject_name, session_name, dataset_name, stream_name, event_name) ON UPDATE CASCADE ON DELETE RESTRICT;

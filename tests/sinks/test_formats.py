from typing import get_args

import pytest
from example_results import frame_of

from posestream.config_outputs import Format
from posestream.errors import ConfigError, OutputExistsError, SinkError
from posestream.sinks.formats import FORMATS, open_result_sink


def test_every_format_that_can_be_asked_for_is_there():
    assert set(FORMATS) == set(get_args(Format))


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_writes_where_it_says(tmp_path, name):
    sink = open_result_sink(name, tmp_path / "run" / FORMATS[name].file_name)
    sink.write(frame_of(2))
    sink.close()
    sink.close()
    assert [path.name for path in (tmp_path / "run").iterdir()] == [FORMATS[name].file_name]


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_refuses_what_exists_unless_told(tmp_path, name):
    for _ in range(2):
        sink = open_result_sink(name, tmp_path / FORMATS[name].file_name, overwrite=True)
        sink.write(frame_of(1))
        sink.close()
    with pytest.raises(OutputExistsError, match=FORMATS[name].file_name):
        open_result_sink(name, tmp_path / FORMATS[name].file_name)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_names_a_folder_that_cannot_be_made(tmp_path, name):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SinkError, match="file"):
        open_result_sink(name, tmp_path / "file" / FORMATS[name].file_name)


def test_an_unknown_format_is_refused_with_a_suggestion(tmp_path):
    with pytest.raises(ConfigError, match=r"'jsnl' is unknown; use jsonl.* Did you mean 'jsonl'\?"):
        open_result_sink("jsnl", tmp_path / "poses")

"""Settings of what is drawn and written."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from posestream.config_input import split_numbers

Format = Literal["jsonl", "openpose", "coco", "csv", "parquet"]
Encoder = Literal["auto", "libx264", "h264_nvenc", "hevc_nvenc"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow"]
Score = Annotated[float, Field(ge=0, le=1)]
EvenSide = Annotated[int, Field(ge=64, le=8192, multiple_of=2)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class OverlayConfig(BaseModel):
    """What is drawn."""

    model_config = _STRICT

    draw_threshold: Score = Field(default=0.3, description="Draw no keypoint under this score.")
    line_width: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="Width of limbs, pixels; by default from the picture.",
    )
    boxes: bool = Field(default=False, description="Draw a box around each person.")
    labels: bool = Field(default=False, description="Write each person's score.")
    frame_number: bool = Field(default=False, description="Write the frame number and time.")
    blur_faces: bool = Field(default=False, description="Make faces unrecognisable.")


class OutputConfig(BaseModel):
    """What is written."""

    model_config = _STRICT

    overwrite: bool = Field(default=False, description="Replace what an earlier run wrote.")
    formats: tuple[Format, ...] = Field(
        default=("jsonl",), description="Data files to write, by commas."
    )
    video: bool = Field(default=True, description="Write the annotated video or images.")
    show: bool = Field(default=False, description="Show the annotated frames in a window.")
    encoder: Encoder = Field(
        default="auto",
        description="Encoder of annotated videos; auto is libx264, the others use an NVIDIA GPU.",
    )
    preset: Preset = Field(default="superfast", description="x264 preset of the annotated video.")
    crf: int = Field(
        default=23, ge=0, le=51, description="x264 quality; lower is better and larger."
    )
    publish: str | None = Field(
        default=None,
        description="Send the annotated video on, live: an rtsp:// or rtmp:// address of a server "
        "that takes it, or FOLDER/NAME.m3u8 for HLS; {stream} stands for each stream's name, "
        "else the mosaic goes there.",
    )


class MosaicConfig(BaseModel):
    """The one picture of all streams."""

    model_config = _STRICT

    mosaic: bool = Field(default=True, description="Write one video of all streams.")
    stream_videos: bool = Field(
        default=True, description="Where there are several streams, write a video of each, too."
    )
    mosaic_size: Annotated[tuple[EvenSide, EvenSide], BeforeValidator(split_numbers)] = Field(
        default=(1920, 1080), description="Size of the mosaic, such as 1280x720, pixels."
    )
    mosaic_layout: Annotated[str, Field(pattern=r"^\d{1,2}x\d{1,2}$")] | None = Field(
        default=None, description="Columns and rows, such as 3x2; by default from the streams."
    )

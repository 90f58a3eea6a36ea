"""Networks that people bring weights for: TRTPose's and OpenPose's."""

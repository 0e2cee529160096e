"""Video that colours itself alike from frame to frame, after Lei and Chen (CVPR 2019)."""

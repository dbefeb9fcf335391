"""What was learned, for other programs: C, arrays, ONNX. All of it is the plain network in floating point."""

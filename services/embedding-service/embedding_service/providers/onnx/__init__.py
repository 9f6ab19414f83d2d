"""Sentence encoders of the BERT family on onnxruntime, without torch."""

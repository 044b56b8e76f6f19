"""The reference: the documented experiment in Keras, on whichever backend Keras runs."""

TITLE = "Keras"

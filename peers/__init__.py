"""What a user might take in place of the twins; an optional extra, `make peers`.

`pytorch` implements the whole protocol; `scikit_learn`, whose classifier offers
neither gradients nor logits, takes part in the speed ladder only.
"""

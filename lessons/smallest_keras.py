"""The classifier in Keras, nothing else."""

from typing import Any

import keras

from lessons.toolbox import load_fashion_mnist
from shared.data.dataset import CLASS_NAMES


def main(num_epochs: int = 30) -> float:
    """Trains, shows one prediction, and returns the test accuracy."""
    training, test = load_fashion_mnist()
    keras.utils.set_random_seed(42)
    network = [
        keras.Input((28, 28)),
        keras.layers.Flatten(),
        keras.layers.Dense(300, activation="relu"),
        keras.layers.Dense(100, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
    model: Any = keras.Sequential(network)
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=keras.optimizers.SGD(0.01),
        metrics=["accuracy"],
    )
    rows = training.images, training.labels
    model.fit(*rows, batch_size=32, epochs=num_epochs, verbose=2)

    _, accuracy = model.evaluate(test.images, test.labels, verbose=0)
    predicted = model.predict(test.images[:1], verbose=0).argmax()
    print(f"test accuracy {accuracy:.4f}")
    print(f"the first test image shows: {CLASS_NAMES[predicted]}")
    return accuracy


if __name__ == "__main__":
    main()

import numpy as np
from infrastructure.plugins import PluginContext
from src.plugins.{{word}} import {{class}}


def made(**config):
    head = {{class}}(config={"input_size": 8, "hidden_size": 4, **config})
    context = PluginContext()
    head.validate(context)
    head.initialize(context)
    return head


def test_the_logits_have_one_column_for_each_class():
    assert made(output_size=3)(np.ones((2, 5, 8)))["logits"].shape == (2, 3)


def test_the_loss_is_small_when_the_logits_are_right():
    head = made()
    right, wrong = [[9.0, -9.0]], [[-9.0, 9.0]]
    assert head.compute_loss(right, [0]) < 0.01 < 1 < head.compute_loss(wrong, [0])

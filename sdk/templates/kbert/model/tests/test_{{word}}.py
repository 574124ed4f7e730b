from src.plugins.{{word}} import {{class}}


def test_a_model_is_built_from_the_defaults_and_what_differs():
    plugin = {{class}}()
    model = plugin.build_model({"vocab_size": 10, "hidden_size": 4})
    assert len(model.layers) == plugin.get_default_config()["num_layers"]
    out = model([[1, 2, 3]])
    assert out["last_hidden_state"].shape == (1, 3, 4)
    assert out["pooled_output"].shape == (1, 4)

"""Ways of asking: what somebody tries who wants to know whether a person is gone."""

"""JSON documents for properties: small, with few names and values, so that two of them often share parts."""

from hypothesis import strategies as st

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(0, 5) | st.floats(0, 3).map(float) | st.sampled_from(["a", "b", ""]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=15,
)

"""Adding and removing words: what is refused, and other threads and processes meanwhile."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_words import TEXT, make, weights

import cws
from cws.errors import InputError
from cws.segmenter import Segmenter
from cws.user_dictionary import Entry, UserDictionary
from cws.user_dictionary.reference import DECIDED, FORCED, NEVER


def test_words_are_added_and_removed():
    dictionary = UserDictionary(["网易", "杭研"])
    dictionary.add_word("网易", "!", "ORG")
    dictionary.add_word("杭", 1)
    dictionary.remove_word("杭研")
    assert list(dictionary) == [Entry("杭", 1.0, None), Entry("网易", "!", "ORG")]
    assert (len(dictionary), "杭研" in dictionary, dictionary.get("杭研")) == (2, False, None)
    with pytest.raises(InputError, match="no entry"):
        dictionary.remove_word("杭研")
    dictionary.add_word("杭研")
    assert dictionary.get("杭研") == Entry("杭研", None, None)
    with pytest.raises(InputError, match="list of words"):
        UserDictionary("网易")


@pytest.mark.parametrize("word", ["", " ", " 网", "网\n易", "\0", "网\u2028", None, b"a"])
def test_what_is_no_word_is_refused(word):
    dictionary = UserDictionary()
    with pytest.raises(InputError, match="expected a word"):
        dictionary.add_word(word)
    assert len(dictionary) == 0


@pytest.mark.parametrize("weight", [float("nan"), 101, -1e9, "x", True, [1]])
def test_invalid_weights_are_refused(weight):
    with pytest.raises(InputError, match="expected a weight"):
        UserDictionary().add_word("网易", weight)


@pytest.mark.parametrize("label", ["", "a b", 3, "\n"])
def test_invalid_labels_are_refused(label):
    with pytest.raises(InputError, match="expected a label"):
        UserDictionary().add_word("网易", 1, label)


@pytest.mark.parametrize("dictionary", [5, object()])
def test_what_is_no_dictionary_is_refused(dictionary):
    with pytest.raises(InputError, match="expected a user dictionary"):
        cws.load(user_dictionary=dictionary)


@pytest.mark.parametrize("item", [(), ("甲", 1, "A", "B"), ("甲", "?"), ("甲", 1, "a b"), "甲 101", "甲 1 a b", 7])
def test_invalid_items_of_lists_are_refused(item):
    with pytest.raises(InputError, match="expected "):
        UserDictionary([item])


def test_lists_and_mappings_hold_weights_and_labels():
    items = ["网易杭研大厦 5", ("杭研", "!"), ("大厦", None, "X"), ("来到",), "好的 -", "天气\t2.5\tTERM", "New York"]
    assert list(UserDictionary(items)) == [
        Entry("New York", None, None), Entry("大厦", None, "X"), Entry("天气", 2.5, "TERM"), Entry("好的", "-", None),
        Entry("来到", None, None), Entry("杭研", "!", None), Entry("网易杭研大厦", 5.0, None),
    ]  # fmt: skip
    mapping = {"网易杭研": "!", "大厦": None, "杭": 2, "了": "-"}
    entries = [Entry(word, weight, None) for word, weight in sorted(mapping.items())]
    assert list(UserDictionary(mapping)) == entries == list(cws.load(user_dictionary=mapping).user_dictionary)


def test_words_have_up_to_a_thousand_characters():
    word = "".join(chr(0x4E00 + at) for at in range(1001))
    with pytest.raises(InputError, match="at most 1,000 characters, got '一丁.*…'"):
        UserDictionary([word])
    text = "好" + word[:1000] + "好"
    for weight in (None, "!"):
        assert word[:1000] in cws.load(user_dictionary=[(word[:1000], weight)]).segment(text)


@pytest.mark.parametrize("order", [1, -1])
def test_the_same_entries_are_the_same_bytes(order):
    items = [("甲", 1, "A"), ("乙", None, "B"), ("丙", "!", None), ("丁丙", "-", "A")]
    dictionary = UserDictionary([("戊", 1, "Z")])
    for item in items[::order]:
        dictionary.add_word(*item)
    dictionary.remove_word("戊")
    assert dictionary._to_bytes() == UserDictionary(items)._to_bytes()


def test_labels_are_added_in_linear_time():
    def seconds(count):
        dictionary, begun = UserDictionary(), time.process_time()
        for number in range(count):
            dictionary.add_word(f"词{number}", None, f"L{number}")
        assert dictionary.get(f"词{count - 1}").label == f"L{count - 1}"
        return time.process_time() - begun

    assert seconds(80_000) < max(2, 30 * seconds(8_000))


def test_force_makes_what_is_decided_forced(tmp_path):
    items = [("易杭", None, "X"), ("大厦", 2.0), ("来到", "-")]
    plain, forced = (cws.load(user_dictionary=items, force=force) for force in (False, True))
    assert "易杭" not in plain.segment(TEXT)
    assert "易杭" in forced.segment(TEXT)
    assert {word: weight for word, weight, _ in forced.user_dictionary} == {"易杭": "!", "大厦": 2.0, "来到": "-"}
    assert forced.user_dictionary.get("易杭").label == "X"
    forced.add_word("研大")
    again = pickle.loads(pickle.dumps(forced))
    assert again.segment(TEXT) == forced.segment(TEXT)
    again.add_word("天天")
    assert "天天" in again.segment(TEXT)
    shared = UserDictionary(["易杭"], ignore_case=True)
    assert cws.load(user_dictionary=shared, force=True).user_dictionary.ignore_case
    assert shared.get("易杭").weight is None
    plain.save(tmp_path)
    assert "易杭" in cws.load(tmp_path, force=True).segment(TEXT)


changes = st.lists(
    st.tuples(st.text("甲乙丙", min_size=1, max_size=3), weights | st.none(), st.sampled_from([None, "A", "B"]))
)


@given(changes, changes)
def test_a_dictionary_is_a_map(first, second):
    dictionary, expected = UserDictionary(), {}
    for half in (first, second):
        for word, weight, label in half:
            if weight is None:
                if expected.pop(word, None):
                    dictionary.remove_word(word)
            else:
                mark = {FORCED: "!", NEVER: "-", DECIDED: None}.get(weight, weight)
                dictionary.add_word(word, mark, label)
                expected[word] = Entry(word, mark, label)
        assert sorted(dictionary) == sorted(expected.values(), key=lambda entry: entry.word)
        assert len(dictionary) == len(expected)
        assert all(dictionary.get(word) == entry for word, entry in expected.items())
        dictionary = pickle.loads(pickle.dumps(dictionary))


def test_threads_that_add_the_first_words_share_a_dictionary(monkeypatch):
    use = Segmenter._use

    def use_slowly(segmenter, dictionary):
        time.sleep(0.01)  # so that all threads come to the same place
        use(segmenter, dictionary)

    for is_slow in (False, True):
        monkeypatch.setattr(Segmenter, "_use", use_slowly if is_slow else use)
        for _ in range(10):
            segmenter, barrier = Segmenter(), threading.Barrier(4)

            def add(number, segmenter=segmenter, barrier=barrier):
                barrier.wait()
                segmenter.add_word(f"易杭{number}", "!")

            threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(segmenter.user_dictionary) == 4


def test_dictionaries_travel_to_other_processes():
    segmenter = make("pku", {"易杭": FORCED})
    code = "import pickle, sys; print(' '.join(pickle.load(sys.stdin.buffer).segment('网易杭研大厦')))"
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(segmenter), capture_output=True, check=True)
    assert done.stdout.decode().split() == segmenter.segment("网易杭研大厦")


def test_changes_do_not_disturb_threads_that_segment():
    dictionary = UserDictionary()
    segmenter = Segmenter(user_dictionary=dictionary)
    before = segmenter.segment(TEXT * 20)
    dictionary.add_word("易杭", "!")
    after = segmenter.segment(TEXT * 20)
    assert before != after
    dictionary.remove_word("易杭")
    stop = threading.Event()
    wrong = []

    def work():
        while not stop.is_set():
            words = segmenter.segment(TEXT * 20)
            if words not in (before, after):
                wrong.append(words)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        dictionary.add_word("易杭", "!")
        dictionary.add_word(f"别的{number}")
        dictionary.remove_word("易杭")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(dictionary) == 300


def test_a_text_is_segmented_with_the_dictionary_as_it_was():
    dictionary = UserDictionary(["别的"])
    segmenter = Segmenter(user_dictionary=dictionary)
    text = TEXT * 10_000  # long enough for changes to come while the core is at work
    counts = []
    for _ in range(5):
        thread = threading.Thread(target=lambda: counts.append(segmenter.segment(text).count("易杭")))
        thread.start()
        for _ in range(5):
            time.sleep(0.001)
            dictionary.add_word("易杭", "!")
            dictionary.remove_word("易杭")
        dictionary.add_word("易杭", "!")
        thread.join()
        dictionary.remove_word("易杭")
    assert set(counts) <= {0, 10_000}

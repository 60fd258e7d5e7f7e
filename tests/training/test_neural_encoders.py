"""Encoders of neural labelers: what they read, what comes out, and their loss."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from tiny_neural import every_kind, train

from cws import model_io
from cws.errors import InputError

torch = pytest.importorskip("torch", reason="needs torch")

from cws.labelers.kind import Kind  # noqa: E402
from cws.labelers.neural.bert import Bert, load_encoder  # noqa: E402
from cws.labelers.neural.character_tokens import CharacterTokens  # noqa: E402
from cws.labelers.neural.features import Batch, FeatureOptions, pair_hash  # noqa: E402
from cws.labelers.neural.layout import PAIR_BITS  # noqa: E402
from cws.labelers.neural.model import make_labeler  # noqa: E402
from cws.labelers.neural.storage import load_neural  # noqa: E402
from cws.tags import SBME  # noqa: E402


def test_batch_places_are_where_the_characters_lie():
    batch = Batch.of([np.array([3, 4, 5]), np.array([6])], length=4)
    assert batch.codes.tolist() == [[3, 4, 5, 0], [6, 0, 0, 0]]
    assert batch.codes.reshape(-1)[batch.places].tolist() == [3, 4, 5, 6]
    assert batch.offsets.tolist() == [0, 3, 4]
    assert batch.mask().tolist() == [[True, True, True, False], [True, False, False, False]]


def test_pair_hash_is_that_of_plain_integers():
    def plain(first, second):
        mixed = (first * 0x9E3779B1 + second) % 2**32
        mixed = (mixed ^ mixed >> 15) * 0x85EBCA6B % 2**32
        return mixed >> (32 - PAIR_BITS)

    pairs = list(product([0, 1, 9, 700, 5000, 65535], repeat=2))
    first, second = torch.tensor(pairs).T
    assert pair_hash(first, second).tolist() == [plain(*pair) for pair in pairs]


def test_bert_begins_as_it_was_pretrained_and_then_sees_pairs_and_words(encoder):
    transformer, _, tokens = load_encoder(encoder)
    plain = Bert(transformer, tokens).eval()
    featured = Bert(transformer, tokens, FeatureOptions(0, 0, 2, 2, 2)).eval()
    codes = [tokens.encode(text) for text in ("今天天气真好", "他")]
    bits = [np.array([1, 4, 0, 0, 0, 0]), np.array([0])]
    with torch.no_grad():
        assert torch.allclose(featured(Batch.of(codes, bits)), plain(Batch.of(codes)), atol=1e-6)
        torch.nn.init.normal_(featured.join.weight)
        alone = featured(Batch.of(codes[:1], bits[:1]))
        others = {
            "padding": featured(Batch.of(codes, bits))[:6],
            "words": featured(Batch.of(codes[:1], [bits[0] << 12])),
            "standard": featured(Batch.of(codes[:1], bits[:1], [1])),
        }
        assert torch.allclose(alone, others["padding"], atol=1e-5)
        assert not torch.allclose(alone, others["words"], atol=1e-2)
        assert torch.allclose(alone, others["standard"], atol=1e-5)  # they begin as zeros
        torch.nn.init.normal_(featured.features.standards.weight)
        assert not torch.allclose(
            featured(Batch.of(codes[:1], bits[:1], [1])), featured(Batch.of(codes[:1], bits[:1])), atol=1e-2
        )


@every_kind
def test_emissions_do_not_depend_on_padding_and_neighbours(models, kind):
    model = load_neural(models[kind], model_io.read_config(models[kind]))
    texts = ["今天天气真好", "他", "我们明天去公园看花"]
    with torch.no_grad():
        alone = torch.cat([model.labeler.emissions(model.batch([text])) for text in texts])
        together = model.labeler.emissions(model.batch(texts))
    assert torch.allclose(alone, together, atol=1e-5)


def test_character_tokens_take_the_nearest_form():
    tokens = CharacterTokens.of({"a": 5, "1": 6, "书": 7, "讀": 8, "0": 9}, 1, 2, 3)
    assert tokens.encode("aAＡ1１2书書讀读𠮷x").tolist() == [5, 5, 5, 6, 6, 9, 7, 7, 8, 1, 1, 5]


def test_encoders_keep_the_first_layers(encoder):
    whole, _, _ = load_encoder(encoder)
    cut, _, tokens = load_encoder(encoder, layers=2)
    assert (len(whole.encoder.layer), len(cut.encoder.layer), cut.config.num_hidden_layers) == (3, 2, 2)
    assert tokens.encode("书")[0] != tokens.unknown
    with pytest.raises(InputError, match="has 3 layers: expected 1 to that, got 4"):
        load_encoder(encoder, layers=4)
    with pytest.raises(InputError, match="only the layers of an albert are shared"):
        load_encoder(encoder, unshare=True)


def test_encoders_of_shared_layers_can_be_unshared(encoder, tmp_path):
    from transformers import AlbertConfig, AlbertModel, AutoTokenizer

    AutoTokenizer.from_pretrained(encoder).save_pretrained(tmp_path)
    config = AlbertConfig(
        vocab_size=200, embedding_size=8, hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=40,
    )  # fmt: skip
    AlbertModel(config).save_pretrained(tmp_path)
    shared, _, _ = load_encoder(tmp_path)
    own, _, _ = load_encoder(tmp_path, unshare=True)
    ids = torch.tensor([[2, 7, 8, 3]])
    shared.eval(), own.eval()
    assert torch.equal(shared(input_ids=ids).last_hidden_state, own(input_ids=ids).last_hidden_state)
    layers = own.encoder.albert_layer_groups
    assert len(layers) == 3 and len({id(parameter) for parameter in own.parameters()}) > len(list(shared.parameters()))
    with torch.no_grad():
        next(layers[2].parameters()).add_(1)
    assert not torch.equal(shared(input_ids=ids).last_hidden_state, own(input_ids=ids).last_hidden_state)


def test_encoders_that_cannot_be_used_say_why(encoder, tmp_path):
    with pytest.raises(InputError, match="no encoder '.*nowhere'"):
        load_encoder(tmp_path / "nowhere")
    from transformers import BertConfig, BertModel, BertTokenizer

    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n", "utf-8")
    BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = BertConfig(vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="lacks common Chinese characters"):
        load_encoder(tmp_path)
    with pytest.raises(InputError, match="does not know .* % of the characters"):
        train("bert", tmp_path / "model", encoder, sentences=[["кошка", "дом"]])


@pytest.mark.parametrize("has_crf", [False, True])
def test_loss_is_the_negative_log_likelihood_by_enumeration(has_crf):
    torch.manual_seed(0)
    labeler = make_labeler(Kind("cnn", "crf" if has_crf else "softmax"), FeatureOptions(20, 4, 2), hidden=4).eval()
    batch = Batch.of([np.array([9, 10, 11]), np.array([12])])
    tags = torch.tensor([1, 2, 3, 0])
    with torch.no_grad():
        emissions, loss = labeler.emissions(batch), labeler(batch, tags)
        total = 0.0
        for begin, end in ((0, 3), (3, 4)):
            if not has_crf:
                total += float(emissions[range(begin, end), tags[begin:end]].sum())
                continue
            scores = {
                path: _path_score(labeler, emissions[begin:end], path)
                for path in product(range(4), repeat=end - begin)
                if SBME.is_legal(path)
            }
            total += scores[tuple(tags[begin:end].tolist())] - np.logaddexp.reduce(list(scores.values()))
    assert float(loss) == pytest.approx(-total / 4, abs=1e-5)


def _path_score(labeler, emissions, path):
    transitions, start, end = labeler.scores()
    score = start[path[0]] + end[path[-1]] + sum(emissions[at, tag] for at, tag in enumerate(path))
    return float(score + sum(transitions[a, b] for a, b in pairwise(path)))

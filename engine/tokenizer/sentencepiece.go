package tokenizer

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of sentencepiece_model.proto.
const (
	modelPieces     = 1
	modelTrainer    = 2
	modelNormalizer = 3

	pieceText  = 1
	pieceScore = 2
	pieceKind  = 3

	trainerModelType = 3
	trainerUNK       = 40
	trainerBOS       = 41
	trainerEOS       = 42

	normalizerDummyPrefix = 3
)

// bpeModel is the trainer's model type for BPE; 1 is unigram.
const bpeModel = 2

// parseSentencePiece reads a tokenizer.model: a ModelProto of SentencePiece.
func parseSentencePiece(data []byte) (Vocabulary, error) {
	v := Vocabulary{Family: SPM, UNK: 0, BOS: 1, EOS: 2} // SentencePiece's defaults
	modelType := uint64(1)
	err := eachField(data, func(number protowire.Number, value field) error {
		switch number {
		case modelPieces:
			return v.addPiece(value.bytes)
		case modelTrainer:
			return eachField(value.bytes, func(number protowire.Number, value field) error {
				switch number {
				case trainerModelType:
					modelType = value.number
				case trainerUNK:
					v.UNK = int32(value.number)
				case trainerBOS:
					v.BOS = int32(value.number)
				case trainerEOS:
					v.EOS = int32(value.number)
				}
				return nil
			})
		case modelNormalizer:
			return eachField(value.bytes, func(number protowire.Number, value field) error {
				if number == normalizerDummyPrefix {
					prefix := value.number != 0
					v.Prefix = &prefix
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return v, err
	}
	if modelType != bpeModel {
		return v, fmt.Errorf("SentencePiece model type %d is not supported: it must be BPE (2)", modelType)
	}
	return v, nil
}

func (v *Vocabulary) addPiece(data []byte) error {
	text, score, kind := "", float32(0), Normal
	err := eachField(data, func(number protowire.Number, value field) error {
		switch number {
		case pieceText:
			text = string(value.bytes)
		case pieceScore:
			score = math.Float32frombits(uint32(value.number))
		case pieceKind:
			kind = Kind(value.number)
		}
		return nil
	})
	v.Tokens = append(v.Tokens, text)
	v.Scores = append(v.Scores, score)
	v.Kinds = append(v.Kinds, kind)
	return err
}

// field is the value of a protobuf field: bytes, or a number of any width.
type field struct {
	bytes  []byte
	number uint64
}

// eachField calls visit for the fields of a protobuf message in their order.
func eachField(message []byte, visit func(protowire.Number, field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("not a SentencePiece model: %w", protowire.ParseError(n))
		}
		message = message[n:]
		var value field
		switch kind {
		case protowire.BytesType:
			value.bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			value.number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(message)
			value.number = uint64(bits)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return fmt.Errorf("not a SentencePiece model: %w", protowire.ParseError(n))
		}
		message = message[n:]
		if err := visit(number, value); err != nil {
			return err
		}
	}
	return nil
}

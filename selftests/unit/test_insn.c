// SPDX-License-Identifier: MIT
/* The driver's length decoder: where an instruction ends, in every mode. */
#include <stdlib.h>
#include <string.h>

/* The tests are of this file, which the module alone links. */
#include "../../driver/insn.c"

#include "unit.h"

#define MAX_MODES	3

static const struct zxh_mode modes[MAX_MODES] = {
	{ .efer = EFER_LMA, .cs_l = true },	/* 64 bits */
	{ .cs_db = true },			/* 32 bits */
	{ .cs_db = false },			/* 16 bits */
};

/* One instruction: its bytes, and its length in each mode; 0: not there. */
struct row {
	const char *bytes;
	size_t count;
	uint8_t length[MAX_MODES];
};

#define ROW(text, m64, m32, m16) \
	{ text, sizeof(text) - 1, { m64, m32, m16 } }

/* What follows the instruction is another one: bytes that begin many things. */
static void check(const struct row *row, unsigned int mode)
{
	static const uint8_t fill[] = { 0x48, 0x66, 0x0f, 0x84, 0xc7 };
	unsigned int want = row->length[mode], n;
	uint8_t bytes[ZXH_MAX_INSN];

	for (n = 0; n < sizeof(fill); n++) {
		memset(bytes, fill[n], sizeof(bytes));
		memcpy(bytes, row->bytes, row->count);
		ck_assert_msg(zxh_insn_length(bytes, sizeof(bytes), &modes[mode]) == want,
			      "%02x %02x %02x %02x.. in mode %u: %u, not %u", bytes[0],
			      bytes[1], bytes[2], bytes[3], mode,
			      zxh_insn_length(bytes, sizeof(bytes), &modes[mode]), want);
	}
	for (n = 0; n < want; n++)
		ck_assert_msg(!zxh_insn_length(bytes, n, &modes[mode]),
			      "%02x %02x.. ends in %u bytes in mode %u", bytes[0], bytes[1],
			      n, mode);
}

static void check_all(const struct row *rows, size_t count)
{
	size_t i;
	unsigned int mode;

	for (i = 0; i < count; i++)
		for (mode = 0; mode < MAX_MODES; mode++)
			if (rows[i].length[mode])
				check(&rows[i], mode);
}

#define CHECK(...) do {							\
	static const struct row rows_[] = { __VA_ARGS__ };		\
									\
	check_all(rows_, UNIT_COUNT(rows_));				\
} while (0)

START_TEST(each_form_of_address_has_its_length)
{
	CHECK(ROW("\x8b\x03", 2, 2, 2),			/* mov (%rbx) */
	      ROW("\x8b\x43\x10", 3, 3, 3),		/* disp8 */
	      ROW("\x8b\x83\x10\x00\x00\x00", 6, 6, 4),	/* disp32, disp16 */
	      ROW("\x8b\x05\x10\x00\x00\x00", 6, 6, 2),	/* no base; (%di) */
	      ROW("\x8b\x06\x10\x00", 2, 2, 4),		/* disp16 alone */
	      ROW("\x8b\x04\x18", 3, 3, 2),		/* SIB; (%si) */
	      ROW("\x8b\x04\x25\x10\x00\x00\x00", 7, 7, 2),
	      ROW("\x8b\x44\x18\x10", 4, 4, 3),
	      ROW("\x8b\x84\x18\x10\x00\x00\x00", 7, 7, 4),
	      ROW("\x8b\x45\x10", 3, 3, 3),
	      ROW("\x67\x8b\x03", 3, 3, 3),
	      ROW("\x67\x8b\x83\x10\x00\x00\x00", 7, 5, 7),
	      ROW("\x67\x8b\x06\x10\x00", 3, 5, 3),
	      ROW("\x67\x8b\x04\x18", 4, 3, 4),
	      /* a register */
	      ROW("\x8b\xc3", 2, 2, 2));
}
END_TEST

START_TEST(prefixes_are_counted_and_rex_need_not_be_the_last)
{
	CHECK(ROW("\x66\x8b\x03", 3, 3, 3), ROW("\x2e\x8b\x03", 3, 3, 3),
	      ROW("\xf0\x01\x03", 3, 3, 3), ROW("\xf3\xa4", 2, 2, 2),
	      ROW("\xf2\x66\x67\x65\xa4", 5, 5, 5),
	      ROW("\x48\x8b\x03", 3, 0, 0), ROW("\x4f\x8b\x03", 3, 0, 0),
	      ROW("\x48\x2e\x8b\x07", 4, 0, 0),
	      ROW("\x48\x66\x8b\x07", 4, 0, 0),
	      ROW("\x48\x48\x8b\x07", 4, 0, 0),
	      ROW("\x48\x67\x64\x8b\x07", 5, 0, 0),
	      /* REX.W that does not count leaves 66 its meaning. */
	      ROW("\x48\x66\xc7\x07\x34\x12", 6, 0, 0),
	      ROW("\x66\x48\xc7\x07\x34\x12\x00\x00", 8, 0, 0),
	      /* Elsewhere these are INC and DEC. */
	      ROW("\x48", 0, 1, 1));
}
END_TEST

START_TEST(immediates_go_by_operand_size)
{
	CHECK(ROW("\xc6\x03\x5a", 3, 3, 3),
	      ROW("\xc7\x03\x5a\x00\x00\x00", 6, 6, 4),
	      ROW("\x66\xc7\x03\x5a\x00\x00\x00", 5, 5, 7),
	      ROW("\x48\xc7\x03\x5a\x00\x00\x00", 7, 0, 0),
	      ROW("\x80\x0b\x01", 3, 3, 3), ROW("\x83\x0b\x01", 3, 3, 3),
	      ROW("\x81\x0b\x01\x00\x00\x00", 6, 6, 4),
	      ROW("\x69\x03\x01\x00\x00\x00", 6, 6, 4),
	      ROW("\x6b\x03\x01", 3, 3, 3), ROW("\xc1\x23\x03", 3, 3, 3),
	      ROW("\xd1\x23", 2, 2, 2), ROW("\x04\x01", 2, 2, 2),
	      ROW("\x05\x01\x00\x00\x00", 5, 5, 3),
	      ROW("\x68\x01\x00\x00\x00", 5, 5, 3), ROW("\x6a\x01", 2, 2, 2));
}
END_TEST

START_TEST(group_3_has_an_immediate_for_test_alone)
{
	CHECK(ROW("\xf6\x03\x01", 3, 3, 3), ROW("\xf6\x0b\x01", 3, 3, 3),
	      ROW("\xf6\x13", 2, 2, 2), ROW("\xf6\x1b", 2, 2, 2),
	      ROW("\xf6\x23", 2, 2, 2), ROW("\xf6\x33", 2, 2, 2),
	      ROW("\xf7\x03\x01\x00\x00\x00", 6, 6, 4),
	      ROW("\x66\xf7\x03\x01\x00\x00\x00", 5, 5, 7),
	      ROW("\xf7\x13", 2, 2, 2), ROW("\xf7\x3b", 2, 2, 2));
}
END_TEST

START_TEST(an_absolute_address_is_as_long_as_addresses_are)
{
	CHECK(ROW("\xa0\1\2\3\4\5\6\7\x8", 9, 5, 3),
	      ROW("\xa1\1\2\3\4\5\6\7\x8", 9, 5, 3),
	      ROW("\xa2\1\2\3\4\5\6\7\x8", 9, 5, 3),
	      ROW("\xa3\1\2\3\4\5\6\7\x8", 9, 5, 3),
	      ROW("\x67\xa1\1\2\3\4\5\6\7\x8", 6, 4, 6),
	      ROW("\x48\xa1\1\2\3\4\5\6\7\x8", 10, 0, 0));
}
END_TEST

START_TEST(calls_and_returns_touch_the_stack)
{
	CHECK(ROW("\xe8\1\2\3\4", 5, 5, 3), ROW("\x9a\1\2\3\4\5\6", 0, 7, 5),
	      ROW("\xff\x13", 2, 2, 2), ROW("\xff\x33", 2, 2, 2),
	      ROW("\xc2\x08\x00", 3, 3, 3), ROW("\xca\x08\x00", 3, 3, 3),
	      ROW("\xc8\x08\x00\x01", 4, 4, 4), ROW("\xc3", 1, 1, 1),
	      ROW("\xc9", 1, 1, 1), ROW("\x50", 1, 1, 1), ROW("\x5b", 1, 1, 1),
	      ROW("\x8f\x03", 2, 2, 2), ROW("\xcd\x80", 2, 2, 2));
}
END_TEST

START_TEST(string_forms_are_one_byte)
{
	CHECK(ROW("\xa4", 1, 1, 1), ROW("\xa5", 1, 1, 1), ROW("\xa6", 1, 1, 1),
	      ROW("\xaa", 1, 1, 1), ROW("\xab", 1, 1, 1), ROW("\xac", 1, 1, 1),
	      ROW("\xaf", 1, 1, 1), ROW("\x6c", 1, 1, 1), ROW("\x6f", 1, 1, 1),
	      ROW("\x48\xa5", 2, 0, 0), ROW("\xd7", 1, 1, 1));
}
END_TEST

START_TEST(the_0f_map_has_its_immediates)
{
	CHECK(ROW("\x0f\xb6\x03", 3, 3, 3), ROW("\x0f\xbe\x03", 3, 3, 3),
	      ROW("\x0f\x44\x03", 3, 3, 3), ROW("\x0f\x94\x03", 3, 3, 3),
	      ROW("\x0f\xba\x2b\x03", 4, 4, 4), ROW("\x0f\xab\x03", 3, 3, 3),
	      ROW("\x0f\xa4\x03\x01", 4, 4, 4), ROW("\x0f\xac\x03\x01", 4, 4, 4),
	      ROW("\x0f\xa5\x03", 3, 3, 3), ROW("\x0f\xb1\x03", 3, 3, 3),
	      ROW("\x0f\xc1\x03", 3, 3, 3), ROW("\x0f\xc7\x0b", 3, 3, 3),
	      ROW("\x0f\xc3\x03", 3, 3, 3), ROW("\x0f\xae\x03", 3, 3, 3),
	      ROW("\x0f\x6f\x03", 3, 3, 3), ROW("\x0f\x70\x03\x01", 4, 4, 4),
	      ROW("\x0f\xc2\x03\x01", 4, 4, 4), ROW("\x0f\xc4\x03\x01", 4, 4, 4),
	      ROW("\x0f\xc6\x03\x01", 4, 4, 4), ROW("\x0f\x01\x03", 3, 3, 3),
	      ROW("\x0f\xaf\x03", 3, 3, 3), ROW("\x0f\xa0", 2, 2, 2),
	      ROW("\x66\x0f\x6f\x43\x10", 5, 5, 5),
	      ROW("\xf3\x0f\x6f\x83\x10\0\0\0", 8, 8, 6),
	      ROW("\x0f\x84\1\2\3\4", 6, 6, 4));
}
END_TEST

START_TEST(the_maps_behind_0f_38_and_0f_3a)
{
	CHECK(ROW("\x0f\x38\xf0\x03", 4, 4, 4), ROW("\x0f\x38\xf1\x43\x08", 5, 5, 5),
	      ROW("\x66\x0f\x38\x2a\x03", 5, 5, 5),
	      ROW("\x0f\x3a\x0f\x03\x01", 5, 5, 5),
	      ROW("\x66\x0f\x3a\x22\x03\x01", 6, 6, 6),
	      ROW("\x66\x48\x0f\x3a\x16\x43\x08\x01", 8, 0, 0));
}
END_TEST

START_TEST(vex_has_the_maps_of_0f)
{
	CHECK(ROW("\xc5\xf8\x10\x03", 4, 0, 0), ROW("\xc5\xf9\x6f\x43\x08", 5, 0, 0),
	      ROW("\xc5\xf9\x70\x03\x01", 5, 0, 0),
	      ROW("\xc4\xe1\x78\x10\x03", 5, 0, 0),
	      ROW("\xc4\xe2\x79\x18\x03", 5, 0, 0),
	      ROW("\xc4\xe3\x7d\x18\x03\x01", 6, 0, 0),
	      ROW("\xc5\xf8\x10\x03", 0, 4, 0),
	      ROW("\xc4\xe3\x7d\x18\x03\x01", 0, 6, 0),
	      /* Outside 64-bit mode LES and LDS have the same opcodes. */
	      ROW("\xc4\x03", 0, 2, 2), ROW("\xc5\x43\x08", 0, 3, 3));
}
END_TEST

START_TEST(x87_has_modrm_alone)
{
	CHECK(ROW("\xd9\x03", 2, 2, 2), ROW("\xdd\x43\x08", 3, 3, 3),
	      ROW("\xdf\xab\x10\x00\x00\x00", 6, 6, 4));
}
END_TEST

START_TEST(the_alu_map_repeats_every_eight)
{
	unsigned int op, mode;

	for (op = 0; op < 0x40; op += 8) {
		for (mode = 0; mode < MAX_MODES; mode++) {
			uint8_t z = mode == 2 ? 3 : 5;
			char code[][5] = { { op, 3 }, { op + 1, 3 }, { op + 2, 3 },
					   { op + 3, 3 }, { op + 4, 1 }, { op + 5, 1 } };
			size_t i;

			for (i = 0; i < UNIT_COUNT(code); i++) {
				struct row row = { code[i], i == 5 ? z : 2, { 0 } };

				row.length[mode] = row.count;
				check(&row, mode);
			}
		}
	}
}
END_TEST

START_TEST(what_is_longer_than_fifteen_bytes_has_no_length)
{
	uint8_t code[32];
	unsigned int mode;

	memset(code, 0x66, sizeof(code));
	for (mode = 0; mode < MAX_MODES; mode++)
		ck_assert_uint_eq(zxh_insn_length(code, sizeof(code), &modes[mode]), 0);
	code[14] = 0x8b;
	for (mode = 0; mode < MAX_MODES; mode++)
		ck_assert_uint_eq(zxh_insn_length(code, sizeof(code), &modes[mode]), 0);
	code[13] = 0x8b;
	code[14] = 0x03;
	for (mode = 0; mode < MAX_MODES; mode++)
		ck_assert_uint_eq(zxh_insn_length(code, sizeof(code), &modes[mode]), 15);
}
END_TEST

/* No bytes, however odd, make it look behind the end or claim too much. */
START_TEST(no_two_bytes_reach_beyond_what_there_is)
{
	unsigned int first, second, n, mode, length;

	for (first = 0; first < 256; first++) {
		for (second = 0; second < 256; second++) {
			uint8_t *code = malloc(2);	/* for tools that watch bounds */

			code[0] = first;
			code[1] = second;
			for (mode = 0; mode < MAX_MODES; mode++) {
				for (n = 0; n <= 2; n++) {
					length = zxh_insn_length(code, n, &modes[mode]);
					ck_assert_uint_le(length, n);
				}
			}
			free(code);
		}
	}
}
END_TEST

START_TEST(the_operand_size_is_2_in_16_bit_code_alone)
{
	ck_assert_uint_eq(zxh_insn_operand_size(&modes[0]), 4);
	ck_assert_uint_eq(zxh_insn_operand_size(&modes[1]), 4);
	ck_assert_uint_eq(zxh_insn_operand_size(&modes[2]), 2);
}
END_TEST

static const struct unit_test tests[] = {
	UNIT_TEST(each_form_of_address_has_its_length),
	UNIT_TEST(prefixes_are_counted_and_rex_need_not_be_the_last),
	UNIT_TEST(immediates_go_by_operand_size),
	UNIT_TEST(group_3_has_an_immediate_for_test_alone),
	UNIT_TEST(an_absolute_address_is_as_long_as_addresses_are),
	UNIT_TEST(calls_and_returns_touch_the_stack),
	UNIT_TEST(string_forms_are_one_byte),
	UNIT_TEST(the_0f_map_has_its_immediates),
	UNIT_TEST(the_maps_behind_0f_38_and_0f_3a),
	UNIT_TEST(vex_has_the_maps_of_0f),
	UNIT_TEST(x87_has_modrm_alone),
	UNIT_TEST(the_alu_map_repeats_every_eight),
	UNIT_TEST(what_is_longer_than_fifteen_bytes_has_no_length),
	UNIT_TEST(no_two_bytes_reach_beyond_what_there_is),
	UNIT_TEST(the_operand_size_is_2_in_16_bit_code_alone),
};

int main(void)
{
	return unit_run("insn", tests, UNIT_COUNT(tests));
}

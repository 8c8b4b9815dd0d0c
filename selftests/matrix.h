/* SPDX-License-Identifier: MIT */
/*
 * Every call of the API as a row of one table, a row for each handle that it
 * takes: what that handle must be, and what the call says when it is. From it
 * follows what the call says of any handle.
 */
#ifndef SELFTESTS_MATRIX_H
#define SELFTESTS_MATRIX_H

#include <stdint.h>

#include <zircon/types.h>

/* Types of objects, as bits. */
#define TYPE(name)	(1u << ZX_OBJ_TYPE_##name)
#define TYPES_ALL	(TYPE(GUEST) | TYPE(VCPU) | TYPE(VMO) | TYPE(VMAR) | \
			 TYPE(RESOURCE) | TYPE(EVENT) | TYPE(EVENTPAIR) | TYPE(PORT))
#define TYPES_WAITABLE	(TYPE(VCPU) | TYPE(VMO) | TYPE(EVENT) | TYPE(EVENTPAIR))

#define for_each_type(type) \
	for (uint32_t type = 0; type <= ZX_OBJ_TYPE_VCPU; type++) \
		if (TYPES_ALL & 1u << (type))

/* An object of each type, by handles with every right, and what calls need. */
struct matrix {
	zx_handle_t of[ZX_OBJ_TYPE_VCPU + 1];
	zx_handle_t port, event, vmo, peer;
	uint8_t out[256];		/* results of the call */
};

#define ROW_CONSUMES	(1u << 0)	/* the handle is closed in any case */
#define ROW_MOVES	(1u << 1)	/* ... if the call succeeds */
#define ROW_ZERO_OK	(1u << 2)	/* ZX_HANDLE_INVALID is ZX_OK */

/* What is not given does not matter: any type will do, no right is needed. */
struct matrix_row {
	const char *name;
	zx_status_t (*call)(struct matrix *m, zx_handle_t handle);
	zx_status_t good;		/* with a good handle */
	uint32_t types;			/* of others: ZX_ERR_WRONG_TYPE */
	zx_status_t wrong_type;		/* ... or this */
	zx_rights_t rights;		/* all needed, else ZX_ERR_ACCESS_DENIED */
	zx_rights_t any_right;		/* one of them is */
	uint32_t supports;		/* types; of others: ZX_ERR_NOT_SUPPORTED */
	uint32_t only;			/* the row is about these types */
	unsigned int flags;
};

extern const struct matrix_row matrix[];
extern const int matrix_rows;

#define for_each_row(row) \
	for (const struct matrix_row *row = matrix; row < matrix + matrix_rows; row++)

const char *type_name(uint32_t type);

/* Makes the objects, and checks at the end that only these handles name them. */
void matrix_setup(struct matrix *m);
void matrix_teardown(struct matrix *m);

/* Handles that libzx gets from now on have these rights, if their type matters. */
void rights_of_new(uint32_t type, zx_rights_t rights);

/* Issues the call; when the handle was refused, nothing may have been written. */
zx_status_t matrix_call(struct matrix *m, const struct matrix_row *row,
			zx_handle_t handle);

/* What the call says of a handle. */
zx_status_t matrix_expect(const struct matrix_row *row, uint32_t type,
			  zx_rights_t rights);

#endif /* SELFTESTS_MATRIX_H */

/* asking.h - a command that asks a server one or a few questions, and prints what was answered. */
#ifndef FIREBREAK_APP_ASKING_H
#define FIREBREAK_APP_ASKING_H

#include "app/client.h"
#include "cli/print.h"
#include "wire/json.h"

struct asking {
    struct app *app;
    struct client client;
    enum cli_form form;
    struct buf target, body, answer, text; /* of the next question; of the last answer; to print */
    struct arena arena;                    /* of the last answer's tree */
};

/* Returns EXIT_WELL or another exit status, of which was told why. asking_end in any case. */
int asking_begin(struct asking *a, struct app *app, enum cli_form dflt);
void asking_end(struct asking *a);
/* Asks for a->target with a->body. *ret is an object, valid until the next question. Returns an
 * exit status. */
int asking_ask(struct asking *a, const char *method, struct json_value **ret);
/* What was answered, in the form that was asked for; as text `line`. Returns an exit status. */
int asking_print(struct asking *a, const char *line);

#endif

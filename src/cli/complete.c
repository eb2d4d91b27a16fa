#include "cli/help.h"

/* ---- bash ---- */

static void bash_names(struct buf *out, const struct cli_option *o, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(out, " --%s", o[i].name);
        if (o[i].letter)
            buf_printf(out, " -%c", o[i].letter);
    }
}

/* One arm of the case over "command:option" for each option whose values are known. */
static void bash_values(struct buf *out, const char *command, const struct cli_option *o,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!o[i].metavar)
            continue;
        buf_printf(out, "        %s:--%s", command, o[i].name);
        if (o[i].letter)
            buf_printf(out, "|%s:-%c", command, o[i].letter);
        buf_append_cstr(out, ") ");
        if (o[i].words) {
            buf_append_cstr(out, "words='");
            for (size_t w = 0; o[i].words[w]; w++)
                buf_printf(out, "%s%s", w ? " " : "", o[i].words[w]);
            buf_append_cstr(out, "' ;;\n");
        } else {
            buf_append_cstr(out, o[i].hint == CLI_HINT_FILE   ? "kind=file ;;\n"
                                 : o[i].hint == CLI_HINT_HOST ? "kind=host ;;\n"
                                                              : "kind=none ;;\n");
        }
    }
}

static void bash_outputs(struct buf *out, const struct cli_program *p)
{
    for (size_t i = 0; p->commands[i]; i++) {
        const struct cli_command *c = p->commands[i];
        if (!c->outputs || !c->outputs[0])
            continue;
        buf_printf(out, "        %s:-o|%s:--output) words='", c->name, c->name);
        for (size_t w = 0; c->outputs[w]; w++)
            buf_printf(out, "%s%s", w ? " " : "", c->outputs[w]);
        buf_append_cstr(out, "' ;;\n");
    }
}

static const char bash_head[] =
    "    local cur prev command='' i words='' kind=''\n"
    "    COMPREPLY=()\n"
    "    cur=${COMP_WORDS[COMP_CWORD]}\n"
    "    prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n";

static const char bash_head_end[] =
    "        -*) ;;\n"
    "        *) command=${COMP_WORDS[i]}; break ;;\n"
    "        esac\n"
    "    done\n";

/* Global options may stand before the command: what follows one that takes a value is not it. */
static void bash_globals_with_values(struct buf *out)
{
    const char *between = "        ";
    for (size_t i = 0; i < cli_global_option_count; i++) {
        const struct cli_option *o = &cli_global_options[i];
        if (!o->metavar)
            continue;
        buf_printf(out, "%s--%s", between, o->name);
        between = "|";
        if (o->letter)
            buf_printf(out, "|-%c", o->letter);
    }
    buf_append_cstr(out, ") ((i++)) ;;\n");
}

/* Names of /etc/hosts, and those of ssh's known hosts that are not hashed. */
static const char bash_hosts[] =
    "_firebreak_hosts()\n{\n"
    "    local file\n"
    "    sed -e 's/#.*//' -e 's/^[^ \t]*//' /etc/hosts 2>/dev/null\n"
    "    for file in ~/.ssh/known_hosts /etc/ssh/ssh_known_hosts; do\n"
    "        sed -e '/^[|@#]/d' -e 's/[ \t].*//' -e 's/\\[//g' -e 's/\\]:[0-9]*//g' \\\n"
    "            -e 's/,/ /g' \"$file\" 2>/dev/null\n"
    "    done\n"
    "}\n"
    /* bash has cut the word at its colons: the whole one is in the line, and what stands before the
     * last colon must not be repeated. A host may stand behind a scheme. */
    "_firebreak_targets()\n{\n"
    "    local cur=$2 scheme='' cut=''\n"
    "    if [[ -n $COMP_LINE ]]; then\n"
    "        cur=${COMP_LINE:0:COMP_POINT}\n"
    "        cur=${cur##*[[:space:]]}\n"
    "    fi\n"
    "    [[ $cur == *://* ]] && scheme=${cur%%://*}://\n"
    "    COMPREPLY=(\n"
    "        $(compgen -P \"$scheme\" -W \"$(_firebreak_hosts)\" -- \"${cur#\"$scheme\"}\")\n"
    "        $(compgen -W \"$(\"$1\" completion targets 2>/dev/null)\" -- \"$cur\"))\n"
    "    [[ $cur == *[:=]* && $COMP_WORDBREAKS == *:* ]] && cut=${cur%\"${cur##*[:=]}\"}\n"
    "    COMPREPLY=(\"${COMPREPLY[@]#\"$cut\"}\")\n"
    "}\n";

static const char bash_tail[] =
    "    case $kind in\n"
    "    file) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
    "    host) compopt -o nospace 2>/dev/null\n"
    "        _firebreak_targets \"${COMP_WORDS[0]}\" \"$cur\"; return ;;\n"
    "    none) return ;;\n"
    "    esac\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "}\n";

static void bash_words_of_command(struct buf *out, const struct cli_command *c)
{
    buf_printf(out, "        %s:-*) words='", c->name);
    bash_names(out, c->options, c->option_count);
    bash_names(out, cli_global_options, cli_global_option_count);
    buf_append_cstr(out, "' ;;\n");
    if (c->operand_hint == CLI_HINT_HOST)
        buf_printf(out, "        %s:*) kind=host ;;\n", c->name);
    if (!c->operand_words)
        return;
    buf_printf(out, "        %s:*) words='", c->name);
    for (size_t w = 0; c->operand_words[w]; w++)
        buf_printf(out, "%s%s", w ? " " : "", c->operand_words[w]);
    buf_append_cstr(out, "' ;;\n");
}

void cli_complete_bash(const struct cli_program *p, struct buf *out)
{
    buf_printf(out,
               "# bash completion for %s; load it with: source <(%s completion bash)\n",
               p->name, p->name);
    buf_append_cstr(out, bash_hosts);
    buf_printf(out, "_%s()\n{\n", p->name);
    buf_append_cstr(out, bash_head);
    bash_globals_with_values(out);
    buf_append_cstr(out, bash_head_end);
    buf_append_cstr(out, "    if [[ -z $command && $cur != -* && $prev != -o ]]; then\n"
                         "        words='");
    for (size_t i = 0; p->commands[i]; i++)
        buf_printf(out, "%s%s", i ? " " : "", p->commands[i]->name);
    buf_append_cstr(out, "'\n    else\n        case $command:$prev in\n");
    bash_outputs(out, p);
    for (size_t i = 0; p->commands[i]; i++)
        bash_values(out, p->commands[i]->name, p->commands[i]->options,
                    p->commands[i]->option_count);
    bash_values(out, "*", cli_global_options, cli_global_option_count);
    buf_append_cstr(out, "        *) case $command:$cur in\n");
    for (size_t i = 0; p->commands[i]; i++)
        bash_words_of_command(out, p->commands[i]);
    buf_append_cstr(out, "        :-*) words='");
    bash_names(out, cli_global_options, cli_global_option_count);
    buf_append_cstr(out, "' ;;\n        esac ;;\n        esac\n    fi\n");
    buf_append_cstr(out, bash_tail);
    buf_printf(out, "complete -o default -F _%s %s\n", p->name, p->name);
}

/* ---- zsh ---- */

/* Inside of single quotes, and of the brackets of _arguments. */
static void zsh_text(struct buf *out, const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'')
            buf_append_cstr(out, "'\\'");
        else
            for (const char *e = escaped; *e; e++)
                if (*e == *text)
                    buf_append_byte(out, '\\');
        buf_append_byte(out, *text);
    }
}

static void zsh_words(struct buf *out, const char *const *words)
{
    buf_append_byte(out, '(');
    for (size_t w = 0; words[w]; w++) {
        buf_append_cstr(out, w ? " " : "");
        zsh_text(out, words[w], "");
    }
    buf_append_byte(out, ')');
}

static const char *zsh_action(enum cli_hint hint)
{
    return hint == CLI_HINT_FILE ? "_files" : hint == CLI_HINT_HOST ? "_firebreak_targets" : " ";
}

/* "'*--file=[help]:FILE:_files'", once for each of its names. */
static void zsh_option(struct buf *out, const struct cli_option *o, const char *const *words,
                       bool letter)
{
    bool many = o->type == CLI_LIST;
    buf_append_cstr(out, " \\\n            '");
    if (many)
        buf_append_byte(out, '*');
    if (letter)
        buf_printf(out, "-%c%s[", o->letter, o->metavar ? "+" : "");
    else
        buf_printf(out, "--%s%s[", o->name, o->metavar ? "=" : "");
    zsh_text(out, o->help, "[]");
    buf_append_byte(out, ']');
    if (o->metavar) {
        buf_append_byte(out, ':');
        zsh_text(out, o->metavar, ":");
        buf_append_byte(out, ':');
        if (words)
            zsh_words(out, words);
        else
            buf_append_cstr(out, zsh_action(o->hint));
    }
    buf_append_byte(out, '\'');
}

/* `outputs`: what -o takes here. */
static void zsh_options(struct buf *out, const struct cli_option *o, size_t count,
                        const char *const *outputs)
{
    for (size_t i = 0; i < count; i++) {
        const char *const *words = o[i].letter == 'o' && outputs ? outputs : o[i].words;
        zsh_option(out, &o[i], words, false);
        if (o[i].letter)
            zsh_option(out, &o[i], words, true);
    }
}

static void zsh_command(struct buf *out, const struct cli_command *c)
{
    buf_printf(out, "        %s) _arguments -s", c->name);
    zsh_options(out, c->options, c->option_count, NULL);
    zsh_options(out, cli_global_options, cli_global_option_count, c->outputs);
    if (c->operand_words) {
        buf_append_cstr(out, " \\\n            '1:word:");
        zsh_words(out, c->operand_words);
        buf_append_byte(out, '\'');
    } else if (c->operand_hint != CLI_HINT_NONE) {
        buf_printf(out, " \\\n            '*:target:%s'", zsh_action(c->operand_hint));
    }
    buf_append_cstr(out, " ;;\n");
}

/* What the configuration declares, then the hosts that zsh knows, also behind a scheme. */
static const char zsh_targets[] =
    "_firebreak_targets()\n{\n"
    "    local -a declared\n"
    "    declared=(${(f)\"$(firebreak completion targets 2>/dev/null)\"})\n"
    "    compadd -a declared\n"
    "    compset -P '*://'\n"
    "    _hosts\n"
    "}\n";

void cli_complete_zsh(const struct cli_program *p, struct buf *out)
{
    buf_printf(out, "#compdef %s\n# zsh completion for %s; load it with: source <(%s completion "
               "zsh)\n", p->name, p->name, p->name);
    buf_append_cstr(out, zsh_targets);
    buf_printf(out, "_%s()\n{\n    local context state line\n    local -a commands\n"
               "    typeset -A opt_args\n    commands=(\n", p->name);
    for (size_t i = 0; p->commands[i]; i++) {
        buf_printf(out, "        '%s:", p->commands[i]->name);
        zsh_text(out, p->commands[i]->summary, ":");
        buf_append_cstr(out, "'\n");
    }
    buf_append_cstr(out, "    )\n    _arguments -C -A '-*'");
    zsh_options(out, cli_global_options, cli_global_option_count, NULL);
    buf_append_cstr(out, " \\\n            '1: :->command' '*:: :->rest'\n"
                    "    case $state in\n    command) _describe command commands ;;\n"
                    "    rest)\n        case $words[1] in\n");
    for (size_t i = 0; p->commands[i]; i++)
        zsh_command(out, p->commands[i]);
    buf_printf(out, "        esac ;;\n    esac\n}\n"
               "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then\n    _%s \"$@\"\nelse\n"
               "    compdef _%s %s\nfi\n", p->name, p->name, p->name);
}

/* ---- fish ---- */

static void fish_text(struct buf *out, const char *text)
{
    buf_append_byte(out, '\'');
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            buf_append_byte(out, '\\');
        buf_append_byte(out, *text);
    }
    buf_append_byte(out, '\'');
}

static void fish_words(struct buf *out, const char *const *words)
{
    buf_append_cstr(out, " -a '");
    for (size_t w = 0; words[w]; w++)
        buf_printf(out, "%s%s", w ? " " : "", words[w]);
    buf_append_byte(out, '\'');
}

#define FISH_TARGETS " -a '(__fish_print_hostnames; firebreak completion targets 2>/dev/null)'"

/* `where`: the condition's command; NULL: in any. */
static void fish_options(struct buf *out, const struct cli_program *p, const char *where,
                         const struct cli_option *o, size_t count, const char *const *outputs)
{
    for (size_t i = 0; i < count; i++) {
        const char *const *words = o[i].letter == 'o' && outputs ? outputs : o[i].words;
        if (o[i].letter == 'o' && !words)
            continue;
        buf_printf(out, "complete -c %s", p->name);
        if (where)
            buf_printf(out, " -n '__fish_seen_subcommand_from %s'", where);
        buf_printf(out, " -l %s", o[i].name);
        if (o[i].letter)
            buf_printf(out, " -s %c", o[i].letter);
        if (o[i].metavar)
            buf_append_cstr(out, o[i].hint == CLI_HINT_FILE ? " -r -F" : " -x");
        if (words)
            fish_words(out, words);
        else if (o[i].hint == CLI_HINT_HOST)
            buf_append_cstr(out, FISH_TARGETS);
        buf_append_cstr(out, " -d ");
        fish_text(out, o[i].help);
        buf_append_byte(out, '\n');
    }
}

static void fish_command(struct buf *out, const struct cli_program *p, const struct cli_command *c)
{
    buf_printf(out, "complete -c %s -n __fish_use_subcommand -a %s -d ", p->name, c->name);
    fish_text(out, c->summary);
    buf_append_byte(out, '\n');
    fish_options(out, p, c->name, c->options, c->option_count, NULL);
    if (c->outputs && c->outputs[0])
        fish_options(out, p, c->name, cli_global_options, cli_global_option_count, c->outputs);
    if (!c->operand_words && c->operand_hint != CLI_HINT_HOST)
        return;
    buf_printf(out, "complete -c %s -n '__fish_seen_subcommand_from %s'", p->name, c->name);
    if (c->operand_words)
        fish_words(out, c->operand_words);
    else
        buf_append_cstr(out, FISH_TARGETS);
    buf_append_byte(out, '\n');
}

void cli_complete_fish(const struct cli_program *p, struct buf *out)
{
    buf_printf(out, "# fish completion for %s; load it with: %s completion fish | source\n"
               "complete -c %s -f\n", p->name, p->name, p->name);
    for (size_t i = 0; p->commands[i]; i++)
        fish_command(out, p, p->commands[i]);
    fish_options(out, p, NULL, cli_global_options, cli_global_option_count, NULL);
}

// The tokens of hwf. This grammar is the authority for what a token is; compiler/syntax/token_source.cpp produces the same
// tokens several times faster, with the newline rule and the limits built in, and a test holds the two equal over every
// sample and file test.
//
// Not said here, because it depends on the open brackets: a NEWLINE counts by the innermost open bracket. It is dropped in
// `(`, `[` and `~{`, also after `,`, after `{`, before `}`, and before `else . ?. ?? | and or ->`; several count as one.
lexer grammar HwfLexer;

// Stands for tokens in which an error was already reported.
tokens { ERROR }

// Reserved words.
LET: 'let';  IF: 'if';  ELSE: 'else';  MATCH: 'match';  FOR: 'for';  IN: 'in';  LOOP: 'loop';  AWAIT: 'await';
TRY: 'try';  FAIL: 'fail';  FN: 'fn';  AND: 'and';  OR: 'or';  NOT: 'not';  TRUE: 'true';  FALSE: 'false';  NONE: 'none';

// Words that mean something in their place only, and are names everywhere else: see `name` in HwfParser.g4.
ACCEPT: 'accept';  AFTER: 'after';  ANSWER: 'answer';  AS: 'as';  ASSUME: 'assume';  AT: 'at';  BY: 'by';
CACHE: 'cache';  CALENDAR: 'calendar';  CANCEL: 'cancel';  CHECKPOINT: 'checkpoint';  CHOOSE: 'choose';
EFFECT: 'effect';  ENUM: 'enum';
ENV: 'env';  ESCALATE: 'escalate';  EVERY: 'every';  EXEC: 'exec';  EXPECT: 'expect';  GIVEN: 'given';
GRANTS: 'grants';  GROUP: 'group';  HWF: 'hwf';  IMAGE: 'image';  IMPORT: 'import';  KEEP: 'keep';  LATEST: 'latest';
LAUNCH: 'launch';  MAX: 'max';  NEEDS: 'needs';  NEXT: 'next';  ON: 'on';  PACK: 'pack';  PORT: 'port';
QUORUM: 'quorum';  READY: 'ready';  RECORD: 'record';  REMIND: 'remind';  REPLICAS: 'replicas';  RESTART: 'restart';
RETRY: 'retry';  REVIEW: 'review';  RUN: 'run';  SECRET: 'secret';  SEND: 'send';  SERVICE: 'service';  SHOW: 'show';
SITE: 'site';  STOP: 'stop';  TASK: 'task';  TEST: 'test';  TO: 'to';  UP: 'up';  USES: 'uses';  WATCH: 'watch';
WHERE: 'where';  WITH: 'with';  WITHIN: 'within';  WORKFLOW: 'workflow';

ARROW: '->';  FAT_ARROW: '=>';  ASSIGN: '=';  COLON: ':';  COMMA: ',';  PIPE: '|';  DOT: '.';  DOT_DOT: '..';
OPTIONAL_DOT: '?.';  COALESCE: '??';  QUESTION: '?';  PLUS: '+';  MINUS: '-';  STAR: '*';  SLASH: '/';  PERCENT: '%';
LESS: '<';  LESS_EQUAL: '<=';  GREATER: '>';  GREATER_EQUAL: '>=';  EQUAL: '==';  NOT_EQUAL: '!=';
LPAREN: '(';  RPAREN: ')';  LBRACKET: '[';  RBRACKET: ']';
LBRACE: '{' -> pushMode(DEFAULT_MODE);
RBRACE: '}' -> popMode;  // also ends an interpolation

INT: DIGIT+;
FLOAT: DIGIT+ '.' DIGIT+ EXPONENT? | DIGIT+ EXPONENT;
DURATION: DIGIT+ ('.' DIGIT+)? ('s' | 'min' | 'h' | 'd' | 'workdays');
BYTES: DIGIT+ ('.' DIGIT+)? ('B' | 'KB' | 'MB' | 'GB' | 'TB' | 'KiB' | 'MiB' | 'GiB' | 'TiB');
ID: [A-Za-z_] [A-Za-z0-9_]*;

// A string without interpolation is one token; with one it is STRING_OPEN (STRING_TEXT | INTERPOLATION … RBRACE)*
// STRING_CLOSE. `~~{` is a literal `~{`. In `"…"` a backslash escapes; `"""…"""` is raw.
STRING
  : '"' (~["\\~\r\n] | ESCAPE | '~'+ (~["\\~{\r\n] | ESCAPE) | '~' '~'+ '{')* '~'* '"'
  | '"""' (~[~] | '~'+ ~[~{] | '~' '~'+ '{')*? '"""'
  ;
STRING_OPEN: '"' -> pushMode(QUOTED);
RAW_OPEN: '"""' -> type(STRING_OPEN), pushMode(RAW);

NEWLINE: '\r'? '\n';
COMMENT: '#' ~[\n]* -> skip;
SPACE: [ \t\r]+ -> skip;

fragment DIGIT: [0-9];
fragment EXPONENT: [eE] [+-]? DIGIT+;
fragment ESCAPE: '\\' ~[\r\n];

mode QUOTED;
QUOTED_CLOSE: '"' -> type(STRING_CLOSE), popMode;
QUOTED_INTERPOLATION: '~{' -> type(INTERPOLATION), pushMode(DEFAULT_MODE);
STRING_TEXT: (~["\\~\r\n] | ESCAPE | '~'+ (~["\\~{\r\n] | ESCAPE) | '~' '~'+ '{')+;
QUOTED_TILDES: '~'+ -> type(STRING_TEXT);

mode RAW;
STRING_CLOSE: '"""' -> popMode;
INTERPOLATION: '~{' -> pushMode(DEFAULT_MODE);
RAW_TEXT: (~["~] | '~'+ ~[~{"] | '~' '~'+ '{')+ -> type(STRING_TEXT);
RAW_QUOTE: ('"' | '~'+) -> type(STRING_TEXT);

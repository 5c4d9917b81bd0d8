// The grammar of hwf. Free of ambiguities that ANTLR can report, which a test checks over every sample; nearly every
// decision needs one token.
//
// - A NEWLINE stands here only where it separates (see HwfLexer.g4 for where newlines are dropped), so a block is
//   `{`, statements between NEWLINEs, `}`.
// - Binary operators are one flat list: the tree builder gives them their precedence (compiler/syntax/build_operators.cpp),
//   so that long chains neither recurse nor cost a level for each precedence.
// - Each file is parsed declaration by declaration (`declarationUnit`): errors stay local and memory is freed early.
// - ERROR stands for tokens in which an error was already reported.
parser grammar HwfParser;

options { tokenVocab = HwfLexer; }

module: NEWLINE? edition (NEWLINE declaration)* NEWLINE? EOF;
edition: HWF INT;
declarationUnit: unit=declaration EOF;

declaration
  : imported=importDecl | record_=recordDecl | enum_=enumDecl | fn_=fnDecl | task_=taskDecl | workflow_=workflowDecl
  | service_=serviceDecl | site_=siteDecl | group_=groupDecl | calendar_=calendarDecl | test_=testDecl
  | error=ERROR
  ;

importDecl: IMPORT (path=STRING | dotted=dottedName) (AS alias=name)?;
recordDecl: RECORD declared=name LBRACE (fields+=field ((NEWLINE | COMMA) fields+=field)* COMMA?)? RBRACE;
enumDecl: ENUM declared=name LBRACE (variants+=variant ((NEWLINE | COMMA) variants+=variant)* COMMA?)? RBRACE;
variant: declared=name fields=parameters? | error=ERROR;
fnDecl: FN declared=name params=parameters ARROW result=typeExpr ASSIGN body=expression;
workflowDecl: WORKFLOW declared=name params=parameters results=outputs? body=block;
siteDecl: SITE declared=name ASSIGN base=name given=arguments;
groupDecl: GROUP declared=name ASSIGN members=collection;
calendarDecl: CALENDAR declared=name ASSIGN base=name given=arguments;

parameters: LPAREN (fields+=field (COMMA fields+=field)* COMMA?)? RPAREN;
field: declared=name COLON type=typeExpr (ASSIGN value=expression)? | error=ERROR;
outputs: ARROW LPAREN (items+=output (COMMA items+=output)* COMMA?)? RPAREN;
output: declared=name COLON type=typeExpr (AT (path=string | place=name))?;

typeExpr: (named=dottedName (LBRACKET inner=typeExpr RBRACKET)?
          | LBRACKET element=typeExpr (COLON mapped=typeExpr)? RBRACKET
          | unit=LPAREN RPAREN) optional=QUESTION?;
dottedName: parts+=name (DOT parts+=name)*;

// ---------------------------------------------------------------- task, service

taskDecl: TASK declared=name params=parameters results=outputs?
          LBRACE (clauses+=taskClause (NEWLINE clauses+=taskClause)*)? RBRACE;
taskClause
  : used=uses | placed=on | imaged=image | needed=needs | environment=env | secrets=secret | retried=retry
  | effect=EFFECT | cached=cache | launched=launch | packed=pack | streamed=stream | accepted=accept | ran=run | executed=exec
  | error=ERROR
  ;
uses: USES paths+=string (COMMA paths+=string)*;
on: ON sites+=name (PIPE sites+=name)*;
image: IMAGE reference=string;
needs: NEEDS items+=need (COMMA items+=need)*;
need: declared=name COLON value=expression;
env: ENV declared=name ASSIGN value=expression;
secret: SECRET names+=name (COMMA names+=name)*;
retry: RETRY count=expression (ON LBRACKET (reasons+=name (COMMA reasons+=name)* COMMA?)? RBRACKET)?;
cache: CACHE off=name;
launch: LAUNCH starter=name;
pack: PACK size=expression;
stream: CHECKPOINT declared=name fields=parameters (KEEP keep=expression)? (EVERY every=name)?;
accept: ACCEPT messages+=message (COMMA messages+=message)*;
message: declared=name fields=parameters;
run: RUN interpreter=name? text=string;
exec: EXEC argv=collection;

serviceDecl: SERVICE declared=name (parameters LBRACE (serviceClause (NEWLINE serviceClause)*)? RBRACE
                                   | ASSIGN base=name arguments);
serviceClause
  : uses | on | image | needs | env | secret | launch | pack | run | exec
  | REPLICAS rangeOrExpression
  | PORT name
  | READY name string? (WITHIN expression)?
  | RESTART expression
  | ERROR
  ;

// ---------------------------------------------------------------- test

testDecl: TEST label=STRING LBRACE (lines+=testStatement (NEWLINE lines+=testStatement)*)? RBRACE;
testStatement
  : bound=letStatement
  | GIVEN stubbed=expression FAT_ARROW given=expression
  | ANSWER asked=testPlace AT delay=expression WITH variant_name=name fields=arguments?
  | EXPECT expected=expression
  | error=ERROR
  ;
// `verdict`, `each.2.call`, `for.2.3.call`: the lexer takes `2.3` for a number with a fraction.
testPlace: placePart (DOT placePart)*;
placePart: name | INT | FLOAT | FOR | LOOP;

// ---------------------------------------------------------------- statements

block: LBRACE (statements+=statement (NEWLINE statements+=statement)*)? RBRACE;
statement: bound=letStatement | watched=watchStatement | saved=checkpointStatement | simple=simpleStatement;
simpleStatement: sent=sendStatement | cancelled=cancelStatement | stopped=stopStatement | continued=nextStatement | value=expression;

letStatement: LET declared=name ASSIGN value=expression;
watchStatement: WATCH latest=LATEST? job=name DOT watched=name AS declared=name (WHERE where=expression)? body=block;
checkpointStatement: CHECKPOINT declared=name LBRACE (entries+=entry ((NEWLINE | COMMA) entries+=entry)* COMMA?)? RBRACE;
entry: declared=name COLON value=expression | error=ERROR;
sendStatement: SEND job=name DOT message_name=name given=arguments;
cancelStatement: CANCEL job=name;
stopStatement: STOP WITH value=expression;
nextStatement: NEXT values+=carried (COMMA values+=carried)*;
carried: declared=name ASSIGN value=expression;

// ---------------------------------------------------------------- expressions

expression: operands+=operand (operators+=(STAR | SLASH | PERCENT | PLUS | MINUS | LESS | LESS_EQUAL | GREATER | GREATER_EQUAL | EQUAL
                                | NOT_EQUAL | AND | OR | COALESCE | AFTER) operands+=operand)*;
rangeOrExpression: low=expression (DOT_DOT high=expression)?;

operand: prefixes+=(MINUS | NOT)* head=primary suffixes+=suffix*;
suffix
  : dot=(DOT | OPTIONAL_DOT) member=name
  | call=arguments
  | LBRACKET index=expression RBRACKET
  ;
arguments: LPAREN (items+=argument (COMMA items+=argument)* COMMA?)? RPAREN;
argument: (label=name COLON)? value=expression;

primary
  : literal=(INT | FLOAT | DURATION | BYTES | TRUE | FALSE | NONE)
  | text=string
  | named=name
  | group=arguments            // `(x)`, `(name: value, …)`, `()`
  | list=collection
  | conditional=ifExpression
  | matched=matchExpression
  | repeated=forExpression
  | looped=loopExpression
  | awaited=reviewExpression
  | tried=tryExpression
  | failed=failExpression
  | served=withExpression
  | error=ERROR
  ;

string: plain=STRING | STRING_OPEN parts+=stringPart* close=STRING_CLOSE;
stringPart: text=STRING_TEXT | open=INTERPOLATION value=expression close=RBRACE;

collection: LBRACKET (empty_map=COLON | items+=item (COMMA items+=item)* COMMA?)? RBRACKET;
item: first=expression (COLON second=expression)?;

ifExpression: IF conditions+=expression bodies+=block (ELSE IF conditions+=expression bodies+=block)* (ELSE otherwise=block)?;
matchExpression: MATCH subject=expression LBRACE (arms+=arm ((NEWLINE | COMMA) arms+=arm)* COMMA?)? RBRACE;
arm: shape=pattern FAT_ARROW (body=block | value=simpleStatement) | error=ERROR;
pattern: variant_name=name (LPAREN (binds+=bind (COMMA binds+=bind)* COMMA?)? RPAREN)?;
bind: bound=name (COLON renamed=name)?;
forExpression: FOR declared=name IN list=rangeOrExpression (WHERE where=expression)? body=block;
loopExpression: LOOP values+=carried (COMMA values+=carried)* MAX limit=expression body=block;
tryExpression: TRY callee=dottedName given=arguments;
failExpression: FAIL message_text=string;
withExpression: WITH dottedName arguments AS name block;

// ---------------------------------------------------------------- reviews

reviewExpression: AWAIT REVIEW question=string
                  LBRACE (clauses+=reviewClause (NEWLINE clauses+=reviewClause)*)? RBRACE;
reviewClause: shown=show | chosen=choose | entitled=by | limited=within | assumed=assume | error=ERROR;
show: SHOW values+=expression (COMMA values+=expression)*;
choose: CHOOSE choices+=choice (PIPE choices+=choice)*;
choice: declared=name (LPAREN (fields+=formField (COMMA fields+=formField)* COMMA?)? RPAREN)? (GRANTS granted=name)?;
formField: declared=name COLON type=typeExpr (IN within_range=rangeOrExpression)? (ASSIGN value=expression)?;
by: BY rule_=byRule;
byRule: terms+=byTerm (operators+=(AND | OR) terms+=byTerm)*;
byTerm
  : (person=string | group=name) (QUORUM quorum=INT)? (NOT starter=name)? (AT level=name)?
  | LPAREN inner=byRule RPAREN
  ;
within: WITHIN limit=expression (reminders+=reminder | escalations+=escalation)* (ELSE otherwise=elseVariant)?;
reminder: REMIND after=expression;
escalation: ESCALATE after=expression TO who=byRule;
elseVariant: variant_name=name given=arguments?;
assume: ASSUME answer=elseVariant (UP TO limits+=need (COMMA limits+=need)*)?;

// Every word that is not reserved is a name where a name can stand.
name
  : ID | ACCEPT | AFTER | ANSWER | AS | ASSUME | AT | BY | CACHE | CALENDAR | CANCEL | CHECKPOINT | CHOOSE | EFFECT | ENUM | ENV
  | ESCALATE | EVERY | EXEC | EXPECT | GIVEN | GRANTS | GROUP | HWF | IMAGE | IMPORT | KEEP | LATEST | LAUNCH | MAX | NEEDS
  | NEXT | ON | PACK | PORT | QUORUM | READY | RECORD | REMIND | REPLICAS | RESTART | RETRY | REVIEW | RUN | SECRET | SEND
  | SERVICE | SHOW | SITE | STOP | TASK | TEST | TO | UP | USES | WATCH | WHERE | WITH | WITHIN | WORKFLOW
  ;

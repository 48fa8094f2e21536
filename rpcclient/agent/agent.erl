%% The agent runs documents from blueprints that it keeps, instead of from their text.
%%
%% Absinthe.run/3 is a pipeline of phases. The first ones depend on the document alone:
%% parsing, the blueprint, most validations. The agent keeps the blueprint that they
%% produce, and runs the others from there. The answer is Absinthe's own: if a phase
%% before the resolution does not pass cleanly, the agent runs the whole pipeline from
%% the text. Nothing runs twice once the resolution has begun.
%%
%% Documents are kept in persistent terms, which calls read without a copy: chunks, which
%% do not change, and an index. A new chunk copies its documents alone. Each replacement of
%% the index, and each erased chunk, makes the runtime scan all processes. The owner process
%% does that, and removes everything when no gateway renews its lease.
-module(louche_agent).

-export([renew/3, forget/0, run/6, serve/7]).
-export([send_resp/4, read_req_body/2, get_peer_data/1, get_http_protocol/1, inform/3, upgrade/3, push/3]).

%% renew(Schema, Lease, Words) starts the owner if there is none, and keeps everything
%% for another Lease milliseconds. Words bounds the kept documents; none leaves the bound
%% as it is. It returns {ok, Documents, Words, Generations}, or {plain, Reason} if documents
%% of this schema cannot be prepared.
renew(Schema, Lease, Words) ->
    Problem = unsupported(Schema), % before the owner starts: it loads the modules that the owner compares
    Renewed = call({renew, Lease, Words}, Lease),
    case Problem of
        none -> Renewed;
        Reason -> {plain, Reason}
    end.

%% forget() removes everything that the agent has on this node, its code included.
forget() ->
    call(forget, 0).

%% run(Hash, Document, Schema, Options, Context, Setup) is Absinthe.run/3 in a process that
%% traps exits, and applies the functions of Setup first. Document is the text, or known:
%% the agent has it under Hash. If it has not, it returns unknown, and nothing has run.
%% Otherwise it returns {Kept, Value}; Kept is true if the next call needs no text.
%%
%% Context is {map, Map}, and Value what Absinthe returns; or {from, Module, Function,
%% Claims, Map, Returned}: the application's function builds a context, which is merged
%% over Map. Value is then {run, Outcome}, with Returned {run, Outcome, Built}, or
%% {returned, Other} if the function did not return a map.
run(Hash, Document, Schema, Options, Context, Setup) ->
    set_up(Setup),
    case runner(Hash, Document, Schema, Options) of
        unknown -> unknown;
        {Kept, Run} -> {Kept, with_context(Context, Options, fun(All) -> result(Run(All)) end)}
    end.

set_up(Setup) ->
    process_flag(trap_exit, true),
    [apply(Module, Function, Arguments) || {Module, Function, Arguments} <- Setup].

%% runner returns how to run a document, {Kept, Run}: Run takes all options, and returns
%% {ok, Blueprint} or {error, Message}. It returns unknown if the text is missing. Hash is
%% none for a document that is not prepared, or {pipeline, Function}: a function of the
%% application makes the pipeline.
runner(none, Document, Schema, _) ->
    {false, fun(All) -> run_text(Document, Schema, All) end};
runner({pipeline, Function}, Document, Schema, _) ->
    {false, fun(All) -> finish(Document, pipeline(Function, Document, Schema, All)) end};
runner(Hash, Document, Schema, Options) ->
    Key = {Hash, Schema, option(operation_name, Options), option(token_limit, Options)},
    case find(Key) of
        {ok, Kept} ->
            {true, fun(All) -> run_kept(Kept, Schema, All) end};
        none when Document =:= known ->
            unknown;
        none ->
            case is_frequent(Key) of
                true -> {false, fun(All) -> prepare(Key, Document, Schema, All) end};
                false -> {false, fun(All) -> run_text(Document, Schema, All) end}
            end
    end.

run_text(Document, Schema, Options) ->
    finish(Document, 'Elixir.Absinthe.Pipeline':for_document(Schema, Options)).

%% result returns what Absinthe.run/3 does.
result({ok, #{result := Result}}) -> {ok, Result};
result({error, Message}) -> {error, Message}.

option(Name, Options) ->
    case lists:keyfind(Name, 1, Options) of
        {Name, Value} -> Value;
        false -> nil
    end.

with_context({map, Map}, Options, Run) ->
    Run(Options ++ [{context, Map}]);
with_context({from, Module, Function, Claims, Map, Returned}, Options, Run) ->
    case build_context(Module, Function, Claims) of
        Built when is_map(Built), Returned ->
            {run, Run([{context, maps:merge(Map, Built)} | Options]), Built};
        Built when is_map(Built) ->
            {run, Run([{context, maps:merge(Map, Built)} | Options])};
        Other ->
            {returned, Other}
    end.

build_context(Module, Function, Claims) ->
    try Module:Function(Claims) of
        {ok, Map} when is_map(Map) -> Map;
        Returned -> Returned
    catch
        Class:Reason:Stack ->
            erlang:raise(Class, {{Module, Function, 1}, Reason}, Stack)
    end.

%% ---- Runs of Absinthe's pipeline

%% run_kept runs a kept document.
run_kept(#{text := Text} = Kept, Schema, Options) ->
    Phases = 'Elixir.Absinthe.Pipeline':for_document(Schema, Options),
    {Began, Rest} = start(Text, Phases),
    try resume(Kept, Schema, Options, Began, Rest) of
        {Blueprint, Execution} -> finish(Blueprint, Execution)
    catch
        _:_ -> finish(Began, Rest) % the whole way, for Absinthe's own errors
    end.

%% start runs the first two phases, which record the pipeline in a blueprint and send the
%% telemetry event.
start(Text, [_, {Telemetry, Options} | Rest] = Phases) ->
    {record_phases, Blueprint, Record} = 'Elixir.Absinthe.Phase.Init':run(Text, []),
    {ok, Began} = Telemetry:run(Record(Blueprint, Phases), Options),
    {Began, Rest}.

%% resume runs the phases before the execution from a kept blueprint, and returns the
%% result with the remaining phases. It raises if a phase does not pass cleanly.
resume(#{closed := Closed} = Kept, Schema, Options, Began, Phases) ->
    {_, [Context | Input]} = split('Elixir.Absinthe.Phase.Document.Context', Phases),
    {Before, Execution} = split('Elixir.Absinthe.Phase.Document.Complexity.Analysis', Input),
    {Complexity, Rest} = split('Elixir.Absinthe.Phase.Subscription.SubscribeSelf', Execution),
    Variables = option(variables, Options),
    Resumed =
        case Kept of
            #{valid := {Variables, Valid}} ->
                set_context(Schema, pass([Context], belonging(Valid, Began)));
            #{blueprint := Blueprint} ->
                pass([Context | [Phase || Phase <- Before, not of_document(name(Phase))]], belonging(Blueprint, Began))
        end,
    {ok, Ready} = Resumed,
    {ok, Analysed} = pass(Complexity, complete(Ready, Closed)),
    {Analysed, Rest}.

%% belonging returns a kept blueprint as one of this call.
belonging(Blueprint, #{initial_phases := Initial, telemetry := Telemetry, source := Source, execution := Execution}) ->
    Blueprint#{initial_phases := Initial, telemetry := Telemetry, source := Source, execution := Execution}.

%% set_context does what the phase Schema does for each call.
set_context(Schema, {ok, #{execution := #{context := Context} = Execution} = Blueprint}) ->
    {ok, Blueprint#{execution := Execution#{context := Schema:context(Context)}}}.

%% prepare runs a document the whole way, and offers its blueprint to the owner.
prepare(Key, Text, Schema, Options) ->
    Phases = 'Elixir.Absinthe.Pipeline':for_document(Schema, Options),
    {Began, Rest} = start(Text, Phases),
    {Head, Remaining} = split('Elixir.Absinthe.Phase.Document.Context', Rest),
    {Validation, Execution} = split('Elixir.Absinthe.Phase.Document.Complexity.Analysis', Remaining),
    case pass(Head, Began) of
        {ok, Kept} ->
            case pass(Validation, Kept) of
                {ok, Valid} ->
                    [offer(Key, fun() -> kept(Text, Kept, Valid, option(variables, Options)) end)
                        || #{current := true, type := Type} <- maps:get(operations, Kept), Type =/= subscription],
                    finish(Valid, Execution);
                Stopped ->
                    stop(Stopped, Began, Rest)
            end;
        Stopped ->
            stop(Stopped, Began, Rest)
    end.

%% kept returns what is kept of a run: the blueprint before the variables, and the valid one
%% for the same variables, if it does not depend on the call otherwise. Both are without
%% their closed parts, which are kept once.
kept(Text, Blueprint, #{operations := Operations, fragments := Fragments} = Valid, Variables) ->
    {Open, OpenValid, Closed} = without_closed(Blueprint, Valid),
    Kept = #{text => Text, blueprint => bare(Open), closed => Closed},
    case is_pure([Operations | Fragments]) andalso not has_zero(Variables) of
        true -> Kept#{valid => {Variables, bare(OpenValid)}};
        false -> Kept
    end.

%% is_pure reports whether the values and directives of a part of a blueprint come from
%% Absinthe's own functions, which see neither the context nor the time.
is_pure(#{'__struct__' := 'Elixir.Absinthe.Blueprint.Directive', schema_node := Type} = Node) ->
    case Type of
        #{expand := {ref, 'Elixir.Absinthe.Type.BuiltIns.Directives', _}} -> are_pure(Node);
        _ -> false
    end;
is_pure(#{'__struct__' := 'Elixir.Absinthe.Blueprint.Input.Value', schema_node := Type} = Node) ->
    is_pure_type(Type) andalso are_pure(Node);
is_pure(#{} = Node) ->
    are_pure(Node);
is_pure([First | Rest]) ->
    is_pure(First) andalso is_pure(Rest);
is_pure(_) ->
    true.

are_pure(Node) -> lists:all(fun is_pure/1, maps:values(maps:remove(schema_node, Node))).

is_pure_type(nil) -> true;
is_pure_type(#{'__struct__' := 'Elixir.Absinthe.Type.NonNull', of_type := Type}) -> is_pure_type(Type);
is_pure_type(#{'__struct__' := 'Elixir.Absinthe.Type.List', of_type := Type}) -> is_pure_type(Type);
is_pure_type(#{'__struct__' := 'Elixir.Absinthe.Type.Scalar', parse := {ref, 'Elixir.Absinthe.Type.BuiltIns.Scalars', _}}) -> true;
is_pure_type(#{'__struct__' := 'Elixir.Absinthe.Type.Scalar', parse := {ref, 'Elixir.Absinthe.Type.Custom', _}}) -> true;
is_pure_type(#{'__struct__' := 'Elixir.Absinthe.Type.Enum'}) -> true;
is_pure_type(#{'__struct__' := 'Elixir.Absinthe.Type.InputObject'}) -> true;
is_pure_type(_) -> false.

%% has_zero reports whether a term has a float 0.0, which equals -0.0 before OTP 27.
has_zero(Float) when is_float(Float) -> Float == 0;
has_zero([First | Rest]) -> has_zero(First) orelse has_zero(Rest);
has_zero(#{} = Map) -> has_zero(maps:values(Map));
has_zero(_) -> false.

%% without_closed takes the closed parts out of a blueprint before its variables and out of
%% its valid one. A part is closed if it has no variables and is pure: behind the phases of
%% the input it is the same for each call, and these phases need not walk it.
%%
%% A directive of the application may change the selections of its node, so a document with
%% one has no closed parts.
without_closed(#{operations := Operations, fragments := Fragments} = Blueprint, #{operations := ValidOperations, fragments := ValidFragments} = Valid) ->
    case is_directed([ValidOperations | ValidFragments]) of
        true ->
            {Blueprint, Valid, none};
        false ->
            {OpenOperations, OpenValidOperations, ClosedOperations} = open(Operations, ValidOperations),
            {OpenFragments, OpenValidFragments, ClosedFragments} = open(Fragments, ValidFragments),
            {
                Blueprint#{operations := OpenOperations, fragments := OpenFragments},
                Valid#{operations := OpenValidOperations, fragments := OpenValidFragments},
                {ClosedOperations, ClosedFragments}
            }
    end.

%% open returns the open nodes of two lists of the same nodes, and for each node its place:
%% {closed, Node}, or {open, Places of its selections}.
open([], []) ->
    {[], [], []};
open([Node | Nodes], [Valid | Valids]) ->
    {Open, OpenValid, Places} = open(Nodes, Valids),
    case is_closed(Node, Valid) of
        true ->
            {Open, OpenValid, [{closed, Valid} | Places]};
        false ->
            {OpenNode, OpenValidNode, Selections} = open_selections(Node, Valid),
            {[OpenNode | Open], [OpenValidNode | OpenValid], [{open, Selections} | Places]}
    end.

open_selections(#{selections := Nodes} = Node, #{selections := Valids} = Valid) ->
    {Open, OpenValid, Places} = open(Nodes, Valids),
    {Node#{selections := Open}, Valid#{selections := OpenValid}, Places};
open_selections(Node, Valid) ->
    {Node, Valid, none}.

%% complete puts the closed parts back.
complete(Blueprint, none) ->
    Blueprint;
complete(#{operations := Operations, fragments := Fragments} = Blueprint, {ClosedOperations, ClosedFragments}) ->
    Blueprint#{operations := complete_nodes(Operations, ClosedOperations), fragments := complete_nodes(Fragments, ClosedFragments)}.

complete_nodes([], []) ->
    [];
complete_nodes(Nodes, [{closed, Node} | Places]) ->
    [Node | complete_nodes(Nodes, Places)];
complete_nodes([Node | Nodes], [{open, none} | Places]) ->
    [Node | complete_nodes(Nodes, Places)];
complete_nodes([#{selections := Selections} = Node | Nodes], [{open, Inner} | Places]) ->
    [Node#{selections := complete_nodes(Selections, Inner)} | complete_nodes(Nodes, Places)].

is_closed(#{'__struct__' := 'Elixir.Absinthe.Blueprint.Document.Operation'}, _) -> false;
is_closed(Node, Valid) -> not has_variable(Node) andalso is_pure(Valid).

has_variable(#{'__struct__' := 'Elixir.Absinthe.Blueprint.Input.Variable'}) -> true;
has_variable(#{} = Node) -> has_variable(maps:values(Node));
has_variable([First | Rest]) -> has_variable(First) orelse has_variable(Rest);
has_variable(_) -> false.

%% is_directed reports whether a part of a blueprint has directives of the application.
is_directed(#{'__struct__' := 'Elixir.Absinthe.Blueprint.Directive'} = Node) -> not is_pure(Node#{arguments := []});
is_directed(#{} = Node) -> is_directed(maps:values(maps:remove(schema_node, Node)));
is_directed([First | Rest]) -> is_directed(First) orelse is_directed(Rest);
is_directed(_) -> false.

%% bare removes what belongs to one call from a blueprint.
bare(Blueprint) ->
    Blueprint#{initial_phases := [], telemetry := none, source := none, execution := none}.

%% stop ends a run that did not pass cleanly.
stop({jump, Blueprint, Phase}, _, Phases) ->
    {_, Rest} = split(Phase, Phases),
    finish(Blueprint, Rest);
stop(_, Began, Phases) ->
    finish(Began, Phases). % the whole way

%% pass runs phases until one does not return {ok, Blueprint}.
pass([], Blueprint) ->
    {ok, Blueprint};
pass([Phase | Phases], Blueprint) ->
    case run_phase(Phase, Blueprint) of
        {ok, Next} -> pass(Phases, Next);
        Stopped -> Stopped
    end.

run_phase({Phase, Options}, Blueprint) -> Phase:run(Blueprint, Options);
run_phase(Phase, Blueprint) -> Phase:run(Blueprint, []).

finish(Input, Phases) ->
    case 'Elixir.Absinthe.Pipeline':run(Input, Phases) of
        {ok, Blueprint, _} -> {ok, Blueprint};
        {error, Message, _} -> {error, Message}
    end.

split(Name, Phases) -> lists:splitwith(fun(Phase) -> name(Phase) =/= Name end, Phases).

name({Phase, _}) -> Phase;
name(Phase) -> Phase.

%% ---- What the agent knows of Absinthe

%% unsupported returns why documents of a schema cannot be prepared, or none.
unsupported(Schema) ->
    [code:ensure_loaded(Module) || Module <- modules()],
    try {Schema:'__absinthe_schema_provider__'(), [name(Phase) || Phase <- 'Elixir.Absinthe.Pipeline':for_document(Schema, [])]} of
        {'Elixir.Absinthe.Schema.Compiled', Names} ->
            case [Name || Name <- phases(), lists:member(Name, Names) orelse not is_optional(Name)] of
                Names -> none;
                _ -> <<"this version of Absinthe has other phases than 1.7 to 1.11">>
            end;
        _ ->
            <<"the schema is not in a compiled module">>
    catch
        _:_ -> <<"the schema or Absinthe.Pipeline cannot be loaded">>
    end.

%% phases returns the names of Absinthe.Pipeline.for_document/2 in their order.
phases() ->
    [
        'Elixir.Absinthe.Phase.Init',
        'Elixir.Absinthe.Phase.Telemetry',
        'Elixir.Absinthe.Phase.Parse',
        'Elixir.Absinthe.Phase.Document.Validation.ExecutableDefinitions',
        'Elixir.Absinthe.Phase.Blueprint',
        'Elixir.Absinthe.Phase.Document.Validation.ProvidedAnOperation',
        'Elixir.Absinthe.Phase.Document.CurrentOperation',
        'Elixir.Absinthe.Phase.Document.Uses',
        'Elixir.Absinthe.Phase.Document.Validation.NoFragmentCycles',
        'Elixir.Absinthe.Phase.Document.Validation.LoneAnonymousOperation',
        'Elixir.Absinthe.Phase.Document.Validation.SelectedCurrentOperation',
        'Elixir.Absinthe.Phase.Document.Validation.KnownFragmentNames',
        'Elixir.Absinthe.Phase.Document.Validation.NoUndefinedVariables',
        'Elixir.Absinthe.Phase.Document.Validation.NoUnusedVariables',
        'Elixir.Absinthe.Phase.Document.Validation.NoUnusedFragments',
        'Elixir.Absinthe.Phase.Document.Validation.UniqueFragmentNames',
        'Elixir.Absinthe.Phase.Document.Validation.UniqueOperationNames',
        'Elixir.Absinthe.Phase.Document.Validation.UniqueVariableNames',
        'Elixir.Absinthe.Phase.Document.Context',
        'Elixir.Absinthe.Phase.Document.Variables',
        'Elixir.Absinthe.Phase.Document.Validation.ProvidedNonNullVariables',
        'Elixir.Absinthe.Phase.Document.Arguments.Normalize',
        'Elixir.Absinthe.Phase.Schema',
        'Elixir.Absinthe.Phase.Validation.KnownTypeNames',
        'Elixir.Absinthe.Phase.Document.Arguments.VariableTypesMatch',
        'Elixir.Absinthe.Phase.Document.Arguments.CoerceEnums',
        'Elixir.Absinthe.Phase.Document.Arguments.CoerceLists',
        'Elixir.Absinthe.Phase.Document.Arguments.Parse',
        'Elixir.Absinthe.Phase.Document.MissingVariables',
        'Elixir.Absinthe.Phase.Document.MissingLiterals',
        'Elixir.Absinthe.Phase.Document.Arguments.FlagInvalid',
        'Elixir.Absinthe.Phase.Document.Validation.KnownDirectives',
        'Elixir.Absinthe.Phase.Document.Validation.RepeatableDirectives',
        'Elixir.Absinthe.Phase.Document.Validation.ScalarLeafs',
        'Elixir.Absinthe.Phase.Document.Validation.VariablesAreInputTypes',
        'Elixir.Absinthe.Phase.Document.Validation.ArgumentsOfCorrectType',
        'Elixir.Absinthe.Phase.Document.Validation.KnownArgumentNames',
        'Elixir.Absinthe.Phase.Document.Validation.ProvidedNonNullArguments',
        'Elixir.Absinthe.Phase.Document.Validation.UniqueArgumentNames',
        'Elixir.Absinthe.Phase.Document.Validation.UniqueInputFieldNames',
        'Elixir.Absinthe.Phase.Document.Validation.FieldsOnCorrectType',
        'Elixir.Absinthe.Phase.Document.Validation.OneOfDirective',
        'Elixir.Absinthe.Phase.Document.Validation.OnlyOneSubscription',
        'Elixir.Absinthe.Phase.Document.Validation.Result',
        'Elixir.Absinthe.Phase.Document.Arguments.Data',
        'Elixir.Absinthe.Phase.Document.Directives',
        'Elixir.Absinthe.Phase.Document.Complexity.Analysis',
        'Elixir.Absinthe.Phase.Document.Complexity.Result',
        'Elixir.Absinthe.Phase.Subscription.SubscribeSelf',
        'Elixir.Absinthe.Phase.Document.Execution.Resolution',
        'Elixir.Absinthe.Phase.Document.Result',
        'Elixir.Absinthe.Phase.Telemetry'
    ].

%% modules returns the modules of Absinthe that take part before the resolution.
modules() ->
    phases() ++ [
        'Elixir.Absinthe.Adapter.LanguageConventions',
        'Elixir.Absinthe.Blueprint',
        'Elixir.Absinthe.Blueprint.Directive',
        'Elixir.Absinthe.Blueprint.Input',
        'Elixir.Absinthe.Blueprint.Input.Argument',
        'Elixir.Absinthe.Blueprint.Transform',
        'Elixir.Absinthe.Schema',
        'Elixir.Absinthe.Type',
        'Elixir.Absinthe.Type.BuiltIns.Directives',
        'Elixir.Absinthe.Type.BuiltIns.Scalars',
        'Elixir.Absinthe.Type.Custom',
        'Elixir.Absinthe.Type.Enum',
        'Elixir.Absinthe.Type.Scalar'
    ].

%% is_optional reports whether a phase is not in all versions from 1.7 to 1.11.
is_optional('Elixir.Absinthe.Phase.Document.Validation.ExecutableDefinitions') -> true;
is_optional('Elixir.Absinthe.Phase.Document.Validation.OneOfDirective') -> true;
is_optional(_) -> false.

%% of_document reports whether the verdict of a phase depends on the document alone, and
%% the phase leaves a valid blueprint as it is.
of_document('Elixir.Absinthe.Phase.Validation.KnownTypeNames') -> true;
of_document('Elixir.Absinthe.Phase.Document.Arguments.VariableTypesMatch') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.KnownDirectives') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.RepeatableDirectives') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.ScalarLeafs') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.VariablesAreInputTypes') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.KnownArgumentNames') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.UniqueArgumentNames') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.FieldsOnCorrectType') -> true;
of_document('Elixir.Absinthe.Phase.Document.Validation.OnlyOneSubscription') -> true;
of_document(_) -> false.

%% ---- What is kept

%% The persistent term louche_agent is {Documents, Counters}. Documents has {Index, Modules,
%% Words, Chunk} by key: the index of its counter of calls, the checksums of the modules that
%% it was prepared with, its size, and its chunk. The first counter is the bar: a document
%% that is called so many times is prepared. The persistent term {louche_agent, Chunk} has
%% what is kept, by key.
kept() ->
    persistent_term:get(louche_agent, {#{}, none}).

find(Key) ->
    {Documents, Counters} = kept(),
    case Documents of
        #{Key := {Index, Modules, _, Chunk}} ->
            Content = persistent_term:get({louche_agent, Chunk}, #{}), % it may just have been erased
            case lists:all(fun is_current/1, Modules) andalso Content of
                #{Key := Kept} ->
                    counters:add(Counters, Index, 1),
                    {ok, Kept};
                _ ->
                    none
            end;
        _ ->
            none
    end.

%% erase_kept erases everything that is kept, also that of an owner that was killed.
erase_kept() ->
    persistent_term:erase(louche_agent),
    [persistent_term:erase(Name) || {{louche_agent, _} = Name, _} <- persistent_term:get()].

is_current({Module, Checksum}) -> checksum(Module) =:= Checksum.

checksum(Module) ->
    try
        erlang:get_module_info(Module, md5)
    catch
        error:badarg -> none
    end.

%% checksums returns those of the modules whose change makes a prepared document void at once. The
%% owner compares the others.
checksums(Schema) ->
    Compiled = list_to_atom(atom_to_list(Schema) ++ ".Compiled"),
    [{Module, checksum(Module)} || Module <- [Schema, Compiled, 'Elixir.Absinthe.Pipeline']].

%% is_frequent counts a call of a document that is not kept, and reports whether to
%% prepare it.
is_frequent(Key) ->
    Seen = {seen, erlang:phash2(Key, 1 bsl 32)},
    try
        ets:update_counter(louche_agent, Seen, 1, {Seen, 0}) >= bar()
    catch
        error:badarg -> false % the owner is gone
    end.

bar() ->
    case kept() of
        {_, none} -> 2;
        {_, Counters} -> counters:get(Counters, 1)
    end.

%% offer sends a prepared document to the owner, which gets each one once, and a bounded
%% number of them between two replacements.
offer({_, Schema, _, _} = Key, Kept) ->
    try
        ets:insert_new(louche_agent, {Key}) andalso ets:update_counter(louche_agent, offers, 1) =< 256
            andalso (louche_agent ! {offer, Key, checksums(Schema), Kept()})
    catch
        error:_ -> false % the owner is gone, or the blueprint is not as expected
    end.

%% ---- The owner of what is kept

%% call has the owner answer a request. An owner that is started for it has a lease.
call(Request, Lease) ->
    ensure_owner(Lease),
    Monitor = monitor(process, louche_agent),
    louche_agent ! {call, self(), Monitor, Request},
    receive
        {Monitor, Reply} ->
            demonitor(Monitor, [flush]),
            Reply;
        {'DOWN', Monitor, _, _, Reason} ->
            exit(Reason)
    end.

ensure_owner(Lease) ->
    Caller = self(),
    case whereis(louche_agent) of
        undefined ->
            {Owner, Monitor} = spawn_monitor(fun() -> start_owner(Caller, Lease) end),
            receive
                {Owner, started} -> demonitor(Monitor, [flush]);
                {'DOWN', Monitor, _, _, _} -> ok % another caller has started one
            end;
        _ ->
            ok
    end.

start_owner(Caller, Lease) ->
    register(louche_agent, self()),
    ets:new(louche_agent, [named_table, public, {write_concurrency, true}]),
    erase_kept(),
    clear(),
    Caller ! {self(), started},
    erlang:send_after(1000, self(), tick),
    own(#{
        expires => now_ms() + Lease, words => 0, offers => #{}, replacing => false, replaced => now_ms() - 10000,
        interval => 0, generations => 0, size => 0, chunks => #{}, aged => now_ms(), absinthe => absinthe()
    }).

clear() ->
    ets:delete_all_objects(louche_agent),
    ets:insert(louche_agent, {offers, 0}).

now_ms() -> erlang:monotonic_time(millisecond).

own(State) ->
    receive
        {offer, Key, Modules, Kept} ->
            #{offers := Offers} = State,
            own(plan_replacement(State#{offers := Offers#{Key => {Modules, Kept}}}));
        replace ->
            own(replace(State));
        {call, From, Ref, {renew, Lease, Words}} ->
            #{generations := Generations, size := Size, expires := Expires} = State,
            From ! {Ref, {ok, map_size(element(1, kept())), Size, Generations}},
            Renewed = State#{expires := max(Expires, now_ms() + Lease)},
            own(case Words of none -> Renewed; _ -> Renewed#{words := Words} end);
        {call, From, Ref, forget} ->
            remove(),
            From ! {Ref, ok};
        tick ->
            tick(State)
    end.

tick(#{expires := Expires} = State) ->
    case now_ms() > Expires of
        true ->
            remove();
        false ->
            erlang:send_after(1000, self(), tick),
            own(age(compare_absinthe(State)))
    end.

%% remove removes everything. The code stays until no call runs it any more.
remove() ->
    global:trans({louche_agent, self()}, fun() ->
        unregister(louche_agent),
        erase_kept(),
        code:delete(louche_agent)
    end, [node()]),
    purge().

%% purge purges the code as soon as no process runs it. So the waiting process runs erl_eval.
purge() ->
    {ok, Tokens, _} = erl_scan:string("(fun Purge() -> timer:sleep(1000), code:soft_purge(louche_agent) orelse Purge() end)()."),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    spawn(erl_eval, exprs, [Expressions, []]),
    ok.

%% compare_absinthe drops everything if a module of Absinthe has changed.
compare_absinthe(#{absinthe := Before} = State) ->
    case absinthe() of
        Before ->
            State;
        Now ->
            erase_kept(),
            State#{absinthe := Now, size := 0, chunks := #{}, offers := #{}}
    end.

absinthe() ->
    [checksum(Module) || Module <- modules()].

%% age halves the counts of calls once a minute, and forgets those of documents that are
%% not kept.
age(#{aged := Aged, words := Words, size := Size} = State) ->
    Now = now_ms(),
    case Now - Aged > 60000 orelse ets:info(louche_agent, size) > 20000 of
        true ->
            clear(),
            {Documents, Counters} = kept(),
            Counts = [begin
                Count = counters:get(Counters, Index) div 2,
                counters:put(Counters, Index, Count),
                Count
            end || {Index, _, _, _} <- maps:values(Documents)],
            [counters:put(Counters, 1, bar(Counts, Size, Words)) || Counters =/= none],
            State#{aged := Now};
        false ->
            State
    end.

%% plan_replacement has the persistent term replaced soon. The more documents there are,
%% the longer is the interval: from one second to ten.
plan_replacement(#{replacing := true} = State) ->
    State;
plan_replacement(#{replaced := Replaced, interval := Interval} = State) ->
    erlang:send_after(max(50, Replaced + Interval - now_ms()), self(), replace),
    State#{replacing := true}.

%% replace replaces the index by one with the most frequently called documents of the old
%% one and the offers, within the bound. The offers get a chunk, with the documents of the
%% chunks that are erased.
replace(#{offers := Offers, words := Max, generations := Generations, chunks := Chunks} = State) ->
    {Documents, Counters} = kept(),
    Generation = Generations + 1,
    Old = [{counters:get(Counters, Index), Key, Modules, Words, Chunk}
        || {Key, {Index, Modules, Words, Chunk}} <- maps:to_list(maps:without(maps:keys(Offers), Documents)),
            lists:all(fun is_current/1, Modules)],
    New = [{bar(), Key, Modules, erts_debug:flat_size(Kept), Generation} || {Key, {Modules, Kept}} <- maps:to_list(Offers)],
    {Best, Size} = best(lists:reverse(lists:keysort(1, Old ++ New)), Max, 0, []),
    Erased = erased(Best, Chunks, Generation, Max),
    Moved = [{Count, Key, Modules, Words, case lists:member(Chunk, Erased) of true -> Generation; false -> Chunk end}
        || {Count, Key, Modules, Words, Chunk} <- Best],
    Content = maps:merge(
        maps:from_list([{Key, maps:get(Key, persistent_term:get({louche_agent, Chunk}))}
            || {_, Key, _, _, Chunk} <- Best, lists:member(Chunk, Erased)]),
        maps:from_list([{Key, element(2, maps:get(Key, Offers))} || {_, Key, _, _, Chunk} <- Best, Chunk =:= Generation])),
    Added =
        case map_size(Content) of
            0 ->
                #{};
            _ ->
                persistent_term:put({louche_agent, Generation}, Content),
                #{Generation => lists:sum([Words || {_, _, _, Words, Chunk} <- Moved, Chunk =:= Generation])}
        end,
    put_index(Moved, Size, Max),
    [persistent_term:erase({louche_agent, Chunk}) || Chunk <- Erased],
    [ets:delete(louche_agent, Key) || Key <- maps:keys(Offers)],
    ets:update_counter(louche_agent, offers, {2, -map_size(Offers), 0, 0}),
    State#{
        offers := #{}, replacing := false, replaced := now_ms(), interval := min(10000, max(1000, 100 * length(Best))),
        generations := Generation, size := Size,
        chunks := maps:merge(maps:without(Erased, Chunks), Added)
    }.

%% erased returns the chunks to erase: those without a document; those with most words of
%% dropped documents, until all chunks are within the bound; and the smallest of more than 15.
erased(Best, Chunks, Generation, Max) ->
    Live = lists:foldl(
        fun({_, _, _, Words, Chunk}, Sum) -> Sum#{Chunk => maps:get(Chunk, Sum, 0) + Words} end, #{}, Best),
    {Empty, Others} = lists:partition(fun({Chunk, _}) -> not is_map_key(Chunk, Live) end, maps:to_list(Chunks)),
    Total = lists:sum([Words || {_, Words} <- Others]) + maps:get(Generation, Live, 0),
    Dropped = lists:reverse(lists:sort([{Words - maps:get(Chunk, Live), Chunk} || {Chunk, Words} <- Others])),
    Smallest = [element(2, lists:min([{Words, Chunk} || {Chunk, Words} <- Others])) || length(Others) > 15],
    lists:usort([Chunk || {Chunk, _} <- Empty] ++ until_within(Dropped, Total - Max) ++ Smallest).

until_within([{Words, Chunk} | Dropped], Excess) when Excess > 0 -> [Chunk | until_within(Dropped, Excess - Words)];
until_within(_, _) -> [].

%% put_index replaces the index, with new counters.
put_index(Best, Size, Max) ->
    Counters = counters:new(length(Best) + 1, [write_concurrency]),
    Indexed = lists:zip(lists:seq(2, length(Best) + 1), Best),
    [counters:put(Counters, Index, Count) || {Index, {Count, _, _, _, _}} <- Indexed],
    counters:put(Counters, 1, bar([Count || {Count, _, _, _, _} <- Best], Size, Max)),
    persistent_term:put(louche_agent, {maps:from_list([{Key, {Index, Modules, Words, Chunk}}
        || {Index, {_, Key, Modules, Words, Chunk}} <- Indexed]), Counters}).

best([{_, _, _, Words, _} | Candidates], Max, Size, Best) when Size + Words > Max ->
    best(Candidates, Max, Size, Best);
best([{_, _, _, Words, _} = Candidate | Candidates], Max, Size, Best) ->
    best(Candidates, Max, Size + Words, [Candidate | Best]);
best([], _, Size, Best) ->
    {Best, Size}.

%% bar is the number of calls, between two agings, of a document that is to be kept. Once
%% the memory is nearly full, it has to be called more than the least called one.
bar(Counts, Size, Max) when Size * 10 > Max * 9, Counts =/= [] -> max(2, lists:min(Counts) + 1);
bar(_, _, _) -> 2.

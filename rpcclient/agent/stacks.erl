%% The expressions that return what processes do, for erl_eval. The binding Pids has
%% processes of calls. The value is a list with a list for each: the process itself, and
%% then processes that it is linked to or waits for, 8 in all; none if it has ended. A
%% process is {Name, Status, Memory, Reductions, Messages, Stack}. Stacks have no arguments.
Keys = [registered_name, status, memory, reductions, message_queue_len, current_stacktrace],
Location = fun(Entries) -> [Entry || {Key, _} = Entry <- Entries, Key =:= file orelse Key =:= line] end,
Describe = fun([{_, Name}, {_, Status}, {_, Memory}, {_, Reductions}, {_, Messages}, {_, Stack}]) ->
    {
        case Name of
            [] -> <<>>;
            _ -> atom_to_binary(Name, utf8)
        end,
        Status, Memory, Reductions, Messages,
        [{Module, Function, Arity, Location(Where)} || {Module, Function, Arity, Where} <- Stack, is_integer(Arity)]
    }
end,
%% A process that calls a server, or awaits a task, monitors it.
Waits = fun(Info) ->
    Stack = proplists:get_value(current_stacktrace, Info),
    [wait || {Module, Function, _, _} <- Stack,
        {Module, Function} =:= {gen, do_call} orelse {Module, Function} =:= {'Elixir.Task', await}] =/= []
end,
Related = fun(Pid, Items) ->
    case erlang:process_info(Pid, Items) of
        undefined ->
            [];
        Info ->
            Others = [P || {process, P} <- proplists:get_value(monitors, Info)] ++ proplists:get_value(links, Info, []),
            [P || P <- Others, is_pid(P), node(P) =:= node()]
    end
end,
Walk = fun
    Walk([Pid | Pids], Seen, Found) when length(Found) < 8 ->
        case lists:member(Pid, Seen) orelse erlang:process_info(Pid, Keys) of
            true ->
                Walk(Pids, Seen, Found);
            undefined ->
                Walk(Pids, [Pid | Seen], Found);
            Info ->
                More =
                    case Found =:= [] orelse Waits(Info) of
                        true when Found =:= [] -> Related(Pid, [monitors, links]);
                        true -> Related(Pid, [monitors]);
                        false -> []
                    end,
                Walk(Pids ++ More, [Pid | Seen], [Describe(Info) | Found])
        end;
    Walk(_, _, Found) ->
        lists:reverse(Found)
end,
[Walk([Pid], [self()], []) || Pid <- Pids].

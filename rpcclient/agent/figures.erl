%% The expressions that return a node's figures, for erl_eval.
Elixir =
    case application:get_key(elixir, vsn) of
        {ok, Version} -> unicode:characters_to_binary(Version);
        undefined -> <<>>
    end,
{Uptime, _} = erlang:statistics(wall_clock),
Memory =
    try
        erlang:memory()
    catch
        error:notsup -> [] % the node runs without its own allocators
    end,
[Total, Processes, Atoms, Binaries, Code, Tables] =
    [proplists:get_value(Kind, Memory, 0) || Kind <- [total, processes, atom, binary, code, ets]],
{
    list_to_binary(erlang:system_info(otp_release)), Elixir,
    Uptime, erlang:system_info(schedulers_online), erlang:statistics(total_run_queue_lengths),
    Total, Processes, Atoms, Binaries, Code, Tables,
    erlang:system_info(process_count), erlang:system_info(process_limit),
    erlang:system_info(port_count), erlang:system_info(port_limit),
    erlang:system_info(atom_count), erlang:system_info(atom_limit),
    erlang:system_info(ets_count), erlang:system_info(ets_limit)
}.
